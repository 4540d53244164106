"""What another system says, without what it repeats of the credentials that it was given."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping

HIDDEN = "***"
_LEAST, _LEAST_PART = 4, 8
"""Characters of a whole value, and of a part of one: shorter ones stand in half of all words."""


def without_credentials(text: str, credentials: Mapping[str, str]) -> str:
    """`text` without the values of `credentials`, also in part (of a URL), as JSON or Basic, or cut off at its end."""
    secrets = sorted(set(_secrets(credentials)), key=len, reverse=True)
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
    for secret in secrets:
        text = _without_start(text, secret)
    return text


def _secrets(credentials: Mapping[str, str]) -> Iterator[str]:
    for value in credentials.values():
        if len(value) >= _LEAST:
            yield from (value, repr(value)[1:-1], json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1])
            yield from (part for part in _parts(value) if len(part) >= _LEAST_PART)
    if password := credentials.get("password"):
        yield base64.b64encode(f"{credentials.get('username', '')}:{password}".encode()).decode()


def _parts(value: str) -> Iterator[str]:
    """Of a URL: what may be the key."""
    yield from value.partition("?")[2].replace("=", "&").split("&")
    if "://" in value:
        yield value.rstrip("/").rpartition("/")[2].partition("?")[0]


def _without_start(text: str, secret: str) -> str:
    """Quotes are cut: the start of a secret that stands where one ends."""
    for place in re.finditer(re.escape(secret[:_LEAST_PART]), text) if len(secret) > _LEAST_PART else ():
        rest = text[place.start() :].rstrip("…) ")
        if secret.startswith(rest):
            return text[: place.start()] + HIDDEN + text[place.start() + len(rest) :]
    return text
