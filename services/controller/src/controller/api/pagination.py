"""Pages of lists, and their opaque cursors.

A cursor that this API gave goes on where the page ended; anything else is `InvalidInput`.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Sequence
from typing import Annotated, Generic, TypeVar
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel

from shared.errors import Detail, InvalidInput

_CHECK_BYTES = 6

Item = TypeVar("Item")
Row = TypeVar("Row")


class Page(BaseModel, Generic[Item]):
    """Every list."""

    items: list[Item]
    next_cursor: str | None = None


PageSize = Annotated[int, Query(ge=1, le=1000)]
Cursor = Annotated[str | None, Query(max_length=512)]


def cursor_of_page(found: Sequence[Row], page_size: int, cursor_at: Callable[[Row], str | None]) -> str | None:
    """The cursor at the last of a page's rows, where more than these were found; else None: that was all."""
    return cursor_at(found[page_size - 1]) if len(found) > page_size else None


def cursor_after(last: UUID) -> str:
    """A cursor that goes on after `last`."""
    return _encoded(last.bytes)


def cursor_position(cursor: str | None) -> UUID | None:
    """What `cursor_after` was given."""
    if cursor is None:
        return None
    try:
        return UUID(bytes=_decoded(cursor))
    except ValueError as wrong:
        raise unknown_cursor() from wrong


def cursor_of_token(token: str | None) -> str | None:
    """A cursor around another system's page token, with a checksum: what that system does with others is not known."""
    if not token:
        return None
    carried = token.encode()
    return _encoded(_check(carried) + carried)


def token_of_cursor(cursor: str | None) -> str | None:
    """What `cursor_of_token` was given."""
    if cursor is None:
        return None
    try:
        decoded = _decoded(cursor)
        check, carried = decoded[:_CHECK_BYTES], decoded[_CHECK_BYTES:]
        if carried and check == _check(carried):
            return carried.decode()
    except ValueError as wrong:
        raise unknown_cursor() from wrong
    raise unknown_cursor()


def _encoded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def _decoded(cursor: str) -> bytes:
    return base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))


def _check(carried: bytes) -> bytes:
    return hashlib.sha256(carried).digest()[:_CHECK_BYTES]


def unknown_cursor() -> InvalidInput:
    """What a cursor is refused with that is none of this API's."""
    return InvalidInput("cursor is not one that this API gave", (Detail(("cursor",), "unknown cursor"),))
