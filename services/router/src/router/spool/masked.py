"""Bodies of a record whose version has masking rules: opened, masked, or left out with the reason."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import orjson

from router.spool.format import OMITTED, split_bodies
from router.spool.sealing import BodyOpener
from shared.masking.bodies import Masker
from shared.masking.values import HASH

MASKING_NOT_POSSIBLE = b'"MASKING_NOT_POSSIBLE"'
KEY_LOST = b'"SPOOL_KEY_LOST"'

HashKeys = Callable[[str], bytes | None]
"""Name of a key → the key, or None where there is none for good; raises `KeyAwaited` while it is not here yet."""


class KeyAwaited(Exception):
    """A record cannot be rendered before the key of its hashes is here."""


def no_keys(_: str) -> bytes | None:
    """Of a reader that never meets a rule."""
    return None


class MaskedBodies:
    """Takes the bodies out of sealed records."""

    def __init__(self, opener: BodyOpener, keys: HashKeys = no_keys) -> None:
        self._opener = opener
        self._keys = keys
        self._masker = lru_cache(maxsize=256)(Masker)

    def read(
        self, record: bytes, at: int, sizes: tuple[int, int], status: int, codes: list[bytes]
    ) -> tuple[bytes | None, bytes | None]:
        """Request and answer without clear text of masked columns; None, and a code, for what is left out.

        `at`: where the rules stand; `sizes`: of the two bodies, `OMITTED` for one that is not there.
        """
        masker = self._masker_of(self._opener.rules(record, at))
        bodies = self._opener.open(record, at)
        if bodies is None:
            codes.append(KEY_LOST)
            return None, None
        asked, answered = split_bodies(bodies, 0, sizes[0])
        request = response = None
        if masker is not None:
            request = None if sizes[0] == OMITTED else masker.request(asked, status)
            response = None if sizes[1] == OMITTED else masker.response(answered, status)
        if request is None or response is None:
            codes.append(MASKING_NOT_POSSIBLE)
        return request, response

    def _masker_of(self, masking: bytes) -> Masker | None:
        key_name, rules = _parse(masking)
        if key_name is None:
            return self._masker(rules, None)
        key = self._keys(key_name)
        return None if key is None else self._masker(rules, key)


@lru_cache(maxsize=256)
def _parse(masking: bytes) -> tuple[str | None, tuple[tuple[str, str], ...]]:
    """The name of the key, where a rule needs one, and the rules."""
    found = orjson.loads(masking)
    rules = tuple((column, action) for column, action in found["rules"])
    return found["key"] if any(action == HASH for _, action in rules) else None, rules
