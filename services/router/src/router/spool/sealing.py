"""Bodies that may hold what is to be masked, encrypted as long as they lie in the spool (docs/spool.md).

AES-256-GCM under a key from a file outside the spool's folder. Each process that writes derives its own key from it
and a random salt, and counts: no nonce is ever used twice with one key, however often a router starts.
"""

from __future__ import annotations

import hmac
import logging
import os
from collections.abc import Iterable
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from struct import Struct
from typing import Any

from shared.errors import Unavailable
from shared.filesystem.files import set_aside
from shared.filesystem.private_files import read_or_create_key_file

logger = logging.getLogger(__name__)

KEY_FILE = "spool-key"
"""Beside the spool's folder, mode 0600."""
RULES = Struct("<H")
SEAL = Struct("<8s16sQ")
"""Id of the key, salt of the process that wrote, its counter: the nonce."""
TAG_BYTES = 16


def _aead(key: bytes, salt: bytes) -> Any:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415  (7 MB that most never need)

    return AESGCM(hmac.digest(key, b"penstock spool " + salt, "sha256"))


def _id_of(key: bytes) -> bytes:
    return sha256(b"penstock spool key\n" + key).digest()[:8]


class BodySealer:
    """Encrypts what one process writes."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._id = _id_of(key)
        self._salt = os.urandom(16)
        self._cipher: Any = None
        self._count = 0

    def seal(self, front: bytes, rules: bytes, bodies: bytes) -> bytes:
        """`front`, the rules and how it was sealed, all of which are authenticated; then the encrypted bodies."""
        if self._cipher is None:
            self._cipher = _aead(self._key, self._salt)
        self._count += 1
        shown = b"".join((front, RULES.pack(len(rules)), rules, SEAL.pack(self._id, self._salt, self._count)))
        return shown + bytes(self._cipher.encrypt(_nonce(self._count), bodies, shown))


class BodyOpener:
    """Opens what processes with these keys have written."""

    def __init__(self, keys: Iterable[bytes]) -> None:
        self._keys = {_id_of(key): key for key in keys}
        self._cipher = lru_cache(maxsize=8)(_aead)

    def rules(self, record: bytes, at: int) -> bytes:
        """The rules that stand at `at`."""
        start = at + RULES.size
        return record[start : start + RULES.unpack_from(record, at)[0]]

    def open(self, record: bytes, at: int) -> bytes | None:
        """The bodies behind the rules at `at`; None where the key is lost, or the bytes are not what was written."""
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415

        seal_at = at + RULES.size + RULES.unpack_from(record, at)[0]
        identity, salt, count = SEAL.unpack_from(record, seal_at)
        key = self._keys.get(identity)
        if key is None:
            return None
        shown = seal_at + SEAL.size
        try:
            return bytes(self._cipher(key, salt).decrypt(_nonce(count), record[shown:], record[:shown]))
        except InvalidTag:
            return None


def _nonce(count: int) -> bytes:
    return count.to_bytes(12, "little")


def spool_key(folder: Path) -> bytes:
    """The key in a router's folder, made where there is none; one that cannot be read is set aside.

    What it sealed is then logged without its bodies, with a code that says so.
    """
    file = folder / KEY_FILE
    try:
        return read_or_create_key_file(file)
    except Unavailable as error:
        logger.warning("the spool's key is made anew: %s", error.message)
        set_aside(file, "it holds no key")
        return read_or_create_key_file(file)
