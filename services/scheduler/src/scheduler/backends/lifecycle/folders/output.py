"""Reads what a run printed, line by line, from any offset. The offset counts from the run's first byte ever."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice

from scheduler.backends.lifecycle.folders.run_folder import RunFolder
from scheduler.domain.values import LogPosition, OutputLine

READ_BYTES = 1024 * 1024
LONGEST_LINE = 16 * 1024
"""Bytes; a longer line is handed on in pieces of this size."""
TAIL_BYTES = 32 * 1024
MOST_LINES = 2_000
"""Read at once: a megabyte of empty lines is a million of them, and nothing else goes on meanwhile."""


def read_lines(run: RunFolder, offset: int, *, is_over: bool) -> list[OutputLine]:
    """The next whole lines from `offset` on, at most `MOST_LINES`; none: there are no more.

    The last, unfinished one only where the run `is_over`.
    """
    base = run.dropped_bytes()
    start = max(offset, base)
    try:
        with run.output.open("rb") as file:
            if os.fstat(file.fileno()).st_size < start - base:
                return []  # just emptied by the shim, which has not written base.json yet
            file.seek(start - base)
            content = file.read(READ_BYTES)
    except FileNotFoundError:
        return []
    is_last = is_over and len(content) < READ_BYTES
    lines = islice(_lines(content, start, is_last=is_last), MOST_LINES)
    return [OutputLine(LogPosition(run.number, at), end, text) for at, end, text in lines]


def _lines(content: bytes, start: int, *, is_last: bool) -> Iterator[tuple[int, int, str]]:
    at = 0
    while at < len(content):
        newline = content.find(b"\n", at, at + LONGEST_LINE)
        if newline >= 0:
            end, text = newline + 1, content[at:newline]
        elif len(content) - at >= LONGEST_LINE or is_last:
            end = min(at + LONGEST_LINE, len(content))
            text = content[at:end]
        else:
            return
        yield start + at, start + end, text.decode(errors="replace").rstrip("\r")
        at = end


def tail(run: RunFolder, lines: int = 20) -> tuple[str, ...]:
    """The last lines that a run printed, blank ones left out."""
    try:
        with run.output.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            file.seek(max(0, size - TAIL_BYTES))
            content = file.read(TAIL_BYTES)
    except FileNotFoundError:
        return ()
    text = [line.rstrip() for line in content.decode(errors="replace").splitlines()]
    return tuple(line[:1000] for line in text if line.strip())[-lines:]
