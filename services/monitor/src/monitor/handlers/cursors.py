"""Cursors of pages: a number as opaque text."""

from __future__ import annotations

import base64
import re

from shared.errors import InvalidInput

_NUMBER = re.compile(r"[0-9]{1,18}\Z", re.ASCII)


def encode_cursor(number: int) -> str:
    """The cursor that stands for `number`."""
    return base64.urlsafe_b64encode(str(number).encode()).decode()


def decode_cursor(cursor: str | None) -> int | None:
    """The number in a cursor; None without one. Raises `InvalidInput` for anything that was not given out."""
    if cursor is None:
        return None
    try:
        number = base64.urlsafe_b64decode(cursor.encode()).decode()
    except ValueError as error:
        raise InvalidInput("cursor: not one that was given out") from error
    if not _NUMBER.match(number):  # a database has no idea of a negative one, nor of one beyond 64 bits
        raise InvalidInput("cursor: not one that was given out")
    return int(number)
