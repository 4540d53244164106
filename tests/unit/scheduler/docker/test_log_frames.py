"""Frames of a container's output."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from scheduler.backends.docker.engine.log_frames import (
    HEADER,
    BrokenFrames,
    LogFrame,
    LogTime,
    parse_frame,
    read_frames,
)

FIRST = b"2026-11-28T05:00:00.000000001Z one\n"
SECOND = b"2026-11-28T05:00:00.5Z two\n"


def frame(content: bytes, stream: int = 1) -> bytes:
    return HEADER.pack(stream, len(content)) + content


async def in_pieces(content: bytes, size: int) -> AsyncIterator[bytes]:
    for at in range(0, len(content), size):
        yield content[at : at + size]


@pytest.mark.parametrize("size", [1, 7, 8, 9, 1000])
async def test_frames_are_found_however_they_arrive(size: int) -> None:
    content = frame(FIRST) + frame(SECOND, stream=2)
    found = [each async for each in read_frames(in_pieces(content, size))]
    assert [each.content for each in found] == [b"one\n", b"two\n"]
    assert found[0].at < found[1].at


async def test_a_frame_that_is_cut_off_is_left_out() -> None:
    content = frame(FIRST) + frame(SECOND)[:-1]
    assert [each.content async for each in read_frames(in_pieces(content, 5))] == [b"one\n"]


@pytest.mark.parametrize("content", [b"plain text of a container with a terminal", frame(b"no time here\n")])
async def test_something_else_is_no_output(content: bytes) -> None:
    with pytest.raises(BrokenFrames):
        _ = [each async for each in read_frames(in_pieces(content, 100))]


@pytest.mark.parametrize(
    ("text", "seconds", "nanos"),
    [
        (b"1970-01-01T00:00:01.000000002Z x", 1, 2),
        (b"1970-01-01T00:00:01.5Z x", 1, 500_000_000),
        (b"1970-01-01T00:00:01Z x", 1, 0),
        (b"1970-01-01T02:00:01.25+02:00 x", 1, 250_000_000),
    ],
)
def test_times_are_exact_to_the_nanosecond(text: bytes, seconds: int, nanos: int) -> None:
    assert parse_frame(text) == LogFrame(LogTime(seconds, nanos), b"x")


def test_a_time_is_read_as_it_is_written() -> None:
    assert LogTime.of(str(LogTime(7, 42))) == LogTime(7, 42)
    assert str(LogTime(7, 42)) == "7.000000042"
