"""What an engine answers of a container's output: frames, each with a time, of either stream.

A frame has a header of 8 bytes (the stream, three zeros, the length, big-endian), then `<RFC 3339 time> <text>`. A line
of more than 16 KiB comes in several frames of which the last alone ends with a newline.
"""

from __future__ import annotations

import re
import struct
from collections.abc import AsyncIterable, AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime

HEADER = struct.Struct(">BxxxL")
MAX_FRAME = 1 << 24
"""Bytes; a longer one is no frame."""
_TIME = re.compile(rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d) ")


@dataclass(frozen=True, order=True)
class LogTime:
    """Unix seconds, and nanoseconds: more than a float can hold."""

    seconds: int = 0
    nanos: int = 0

    def __str__(self) -> str:
        return f"{self.seconds}.{self.nanos:09d}"

    @classmethod
    def of(cls, text: str) -> LogTime:
        """As it is written by `str`."""
        seconds, _, nanos = text.partition(".")
        return cls(int(seconds), int(nanos or 0))


@dataclass(frozen=True)
class LogFrame:
    """One piece of output."""

    at: LogTime
    content: bytes


class BrokenFrames(ValueError):
    """The engine sends something else than frames."""


async def read_frames(chunks: AsyncIterable[bytes]) -> AsyncIterator[LogFrame]:
    """The frames in `chunks`; one that is cut off at the end is left out. Raises `BrokenFrames`."""
    buffer = b""
    async for chunk in chunks:
        buffer, at = buffer + chunk, 0
        while len(buffer) - at >= HEADER.size:
            stream, length = HEADER.unpack_from(buffer, at)
            if stream > 2 or length > MAX_FRAME:
                raise BrokenFrames(f"stream {stream}, {length} bytes")
            begin, end = at + HEADER.size, at + HEADER.size + length
            if len(buffer) < end:
                break
            yield parse_frame(buffer[begin:end])
            at = end
        buffer = buffer[at:]


def parse_frame(content: bytes) -> LogFrame:
    """Time and text of one frame. Raises `BrokenFrames`."""
    found = _TIME.match(content)
    if found is None:
        raise BrokenFrames(f"no time: {content[:60]!r}")
    second, fraction, zone = (part.decode() if part else "" for part in found.groups())
    moment = datetime.fromisoformat(second + ("+00:00" if zone == "Z" else zone)).astimezone(UTC)
    return LogFrame(LogTime(int(moment.timestamp()), int(fraction.ljust(9, "0") or 0)), content[found.end() :])
