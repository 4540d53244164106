"""The output of a run as a copy of what its container prints: each piece once, over reconnects and restarts.

`output.log` grows as the engine's log does. `cursor.json` says how far that has come: a time, how many of the copied
pieces are of that time or later, the latest of their times, and the offset behind them. What was copied is always the
beginning of the engine's log, so of what it tells from that time on just so many pieces come first, and are left out:
pieces of one moment, and those of two streams whose times are not in the order of the log, are told apart by that.

Whoever goes on first cuts the file back to the cursor's offset: pieces that came after the cursor was written are
fetched again, byte for byte at the same offsets.
"""

from __future__ import annotations

import os
from collections import deque
from types import TracebackType

from scheduler.backends.docker.engine.log_frames import LogFrame, LogTime
from scheduler.backends.lifecycle.folders.damage import read_or_set_aside
from scheduler.backends.lifecycle.folders.json_files import write_json
from scheduler.backends.lifecycle.folders.run_folder import RunFolder

CURSOR = "cursor.json"
BASE = "base.json"
SAVED_EVERY_BYTES = 64 * 1024
LEFT_OUT = b"[penstock] lines are left out here: the pod printed more than it may\n"
DISORDER_S = 1
"""By how much the times of two pieces may be out of the order of the log: they are taken before the log is written."""


class OutputCopy:
    """Writes one run's output. One at a time for each run."""

    def __init__(self, run: RunFolder, cap: int) -> None:
        self._run = run
        self._cap = cap
        self._file = os.open(run.output, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._base = run.dropped_bytes()
        found = read_or_set_aside(run.path / CURSOR, ("since", "count", "last", "offset")) or {}
        self.since = LogTime.of(str(found.get("since", "0")))
        """The engine is to tell its log from this time on."""
        self._carried = int(found.get("count", 0))
        self._carried_until = self._last = LogTime.of(str(found.get("last", "0")))
        self._repeats = self._carried
        self._left_out_until: LogTime | None = None
        self._times: deque[LogTime] = deque()
        """Of the pieces that were added here; those that count no more are dropped with each cursor."""
        self.offset = self._opened_at(int(found["offset"]) if found else None)
        self._saved = self.offset

    def __enter__(self) -> OutputCopy:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.save()
        finally:
            os.close(self._file)

    def _opened_at(self, offset: int | None) -> int:
        size = os.fstat(self._file).st_size
        if offset is None:
            return self._base + size
        if offset - self._base <= size:
            os.ftruncate(self._file, max(0, offset - self._base))
        else:  # the file was emptied and its base not written down, or the machine was lost: offsets go on
            self._rebase(offset - size)
        return offset

    @property
    def is_saved(self) -> bool:
        """Whether the cursor on disk is the present one."""
        return self.offset == self._saved

    def add(self, frame: LogFrame) -> None:
        """Append one piece, unless it was copied before. Raises OSError, and may be called again with the next one."""
        if self._left_out_until is not None and frame.at <= self._left_out_until:
            return
        if self._repeats and frame.at <= self._carried_until:
            self._repeats -= 1
            return
        self._repeats = 0
        os.write(self._file, frame.content)
        self.offset += len(frame.content)
        self._times.append(frame.at)
        self._last = max(self._last, frame.at)
        if self.offset - self._saved >= SAVED_EVERY_BYTES:
            self.save()

    def leave_out(self) -> None:
        """What comes now are the last pieces, not the next ones: by its time is known what was copied before."""
        self._repeats, self._left_out_until = 0, self._last
        os.write(self._file, LEFT_OUT)
        self.offset += len(LEFT_OUT)

    def save(self) -> None:
        """Write the cursor down; empty a file that has outgrown its cap."""
        if self.offset - self._base > self._cap:
            os.ftruncate(self._file, 0)
            self._rebase(self.offset)
        floor = LogTime(max(0, self._last.seconds - DISORDER_S), self._last.nanos)
        if floor > self._carried_until:
            self.since, self._carried = floor, 0
            self._times = deque(at for at in self._times if at >= floor)
        count = self._carried + sum(at >= self.since for at in self._times)
        cursor = {"since": str(self.since), "count": count, "last": str(self._last), "offset": self.offset}
        write_json(str(self._run.path / CURSOR), cursor)
        self._saved = self.offset

    def _rebase(self, base: int) -> None:
        self._base = base
        write_json(str(self._run.path / BASE), {"base": base})
