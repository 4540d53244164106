"""Messages between the server and its workers: a head in JSON, and bodies as they are.

On the wire: the length of what follows (8 bytes), the length of the head (4 bytes), the head, the bodies one behind the
other. The head says how long each is.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

_LENGTHS = struct.Struct("!QI")


@dataclass(frozen=True, slots=True)
class Frame:
    """One message."""

    head: dict[str, Any]
    bodies: tuple[bytes, ...] = ()

    def pack(self) -> bytes:
        """The message in bytes."""
        head = orjson.dumps({**self.head, "sizes": [len(body) for body in self.bodies]})
        size = 4 + len(head) + sum(map(len, self.bodies))
        return b"".join((_LENGTHS.pack(size, len(head)), head, *self.bodies))


class FrameBuffer:
    """Bytes as they come → whole messages."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The messages that are complete with `data`."""
        self._bytes += data
        while len(self._bytes) >= _LENGTHS.size:
            size, head_size = _LENGTHS.unpack_from(self._bytes)
            end = _LENGTHS.size - 4 + size
            if len(self._bytes) < end:
                return
            head_end = _LENGTHS.size + head_size
            head = orjson.loads(self._bytes[_LENGTHS.size : head_end])
            bodies = tuple(_cut(self._bytes, head_end, head.pop("sizes")))
            del self._bytes[:end]
            yield Frame(head, bodies)


def _cut(data: bytearray, start: int, sizes: Sequence[int]) -> Iterator[bytes]:
    for size in sizes:
        yield bytes(data[start : start + size])
        start += size
