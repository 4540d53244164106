"""Heads that were seen before, by their exact bytes.

Most heads on a busy connection are one of a few: a client's library, its key and the body's length. llhttp reads each
of them once; the same bytes again, where a message may begin and with the whole of its body behind them, mean the same.
Anything else (a body that is still on its way, a second message in the same read, chunks) goes to llhttp.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Generic, Protocol, TypeVar


class CachedHead(Protocol):
    """What is known of a head."""

    content_length: int


H = TypeVar("H", bound=CachedHead)

MAX_HEADS = 2048
MAX_HEAD_BYTES = 4096


class HeadCache(Generic[H]):
    """Heads by their bytes."""

    __slots__ = ("_heads",)

    def __init__(self) -> None:
        self._heads: dict[bytes, H] = {}

    def find(self, data: bytes) -> tuple[H, int] | None:
        """The head that `data` begins with, and where its body begins; None where it is new, or `data` is more or less
        than one whole message.
        """
        end = data.find(b"\r\n\r\n") + 4
        head = self._heads.get(data[:end])
        return (head, end) if head is not None and len(data) - end == head.content_length else None

    def add(self, data: bytes, head: H) -> None:
        """`data` was one whole message with this head."""
        end = data.find(b"\r\n\r\n") + 4
        if end <= MAX_HEAD_BYTES and len(data) - end == head.content_length:
            self._store(data[:end], head)

    def _store(self, raw: bytes, head: H) -> None:
        if len(self._heads) >= MAX_HEADS:
            self._heads.clear()
        self._heads[raw] = head


class HashedHeadCache(HeadCache[H]):
    """Heads by the SHA-256 of their bytes: the keys of clients in them are not kept in memory."""

    __slots__ = ()

    def find(self, data: bytes) -> tuple[H, int] | None:
        """As `HeadCache.find`."""
        end = data.find(b"\r\n\r\n") + 4
        head = self._heads.get(sha256(data[:end]).digest())
        return (head, end) if head is not None and len(data) - end == head.content_length else None

    def _store(self, raw: bytes, head: H) -> None:
        super()._store(sha256(raw).digest(), head)
