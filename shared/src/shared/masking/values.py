"""What becomes of a single value of a masked column."""

from __future__ import annotations

import hmac
import math
from typing import Any

import orjson

HASH, MASK, DROP = "hash", "mask", "drop"
STARS = "***"


class HashKeyMissing(Exception):
    """A rule says `hash` and there is no key to do it with."""


def masked_value(value: Any, action: str, key: bytes | None) -> Any:
    """`hash`: the keyed hash of every value that is not null; `mask`: stars for text, null for everything else.

    An object is one value: its names may say as much as what they name.
    """
    if value is None:
        return None
    if type(value) is list:
        return [masked_value(each, action, key) for each in value]
    if action == HASH:
        return hash_token(value, key)
    return STARS if type(value) is str else None


def hash_token(value: Any, key: bytes | None) -> str:
    """HMAC-SHA256 of a value's text in hexadecimal; the same for 42, 42.0 and "42", whatever format carries it."""
    if key is None:
        raise HashKeyMissing
    return hmac.digest(key, _text(value), "sha256").hex()


def _text(value: Any) -> bytes:
    if type(value) is str:
        return value.encode("utf-8", "surrogatepass")
    if type(value) is float and math.isfinite(value) and value.is_integer():
        return str(int(value)).encode()
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
