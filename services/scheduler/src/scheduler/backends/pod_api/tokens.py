"""The token of a pod, which every request to it carries: a pod answers only the platform.

It is made of the pod's name and a key of this home, so that nothing has to be stored or handed on for it: whoever leads
here knows it. The key lies among the pods, where none of them can read it.
"""

from __future__ import annotations

import hmac
import os
import secrets
from functools import lru_cache
from pathlib import Path

TOKEN_VARIABLE = "PENSTOCK_POD_TOKEN"  # noqa: S105 - a name
TOKEN_HEADER = "X-Penstock-Pod-Token"  # noqa: S105 - a name
KEY_FILE = ".token-key"
KEY_BYTES = 32
MOST_KNOWN = 20_000


class PodTokens:
    """Tokens of the pods of one folder."""

    def __init__(self, pods: Path) -> None:
        self._key = _key_of(pods)
        # Asked for every pod each time that routes are compared.
        self._known = lru_cache(maxsize=MOST_KNOWN)(self._made)

    def of(self, pod: str) -> str:
        """The token of a pod, 64 hexadecimal digits."""
        return self._known(pod)

    def _made(self, pod: str) -> str:
        return hmac.new(self._key, pod.encode(), "sha256").hexdigest()


def _key_of(pods: Path) -> bytes:
    """The key, made where there is none; one that is cut short is made anew: pods of the old one restart."""
    pods.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = pods / KEY_FILE
    try:
        key = file.read_bytes()
    except FileNotFoundError:
        key = b""
    if len(key) != KEY_BYTES:
        key = secrets.token_bytes(KEY_BYTES)
        aside = file.with_name(f"{KEY_FILE}.{os.getpid()}")
        with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as opened:
            opened.write(key)
        aside.replace(file)
    return key
