"""When the request log waits: while callers want every processor, where the disk has room, and not for long."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

SCHEDSTAT = Path("/proc/self/schedstat")
MAX_WAIT_S = 60.0
"""So long the log waits at most, counted from when it first did so and until it has been caught up with."""
BACKLOG_SHARE = 0.25
"""Of the spool's disk: from there on the log is written as fast as it can be."""
DECAY = 0.5
"""What of the past still counts with each new look."""
MAX_WAIT_PER_RUN = 1.0
"""Waited, over ran. Measured on two cores: mostly 1 to 7 while callers want both, below 0.5 when they want less."""


@dataclass(frozen=True, slots=True)
class CpuTimes:
    """What became of a process so far: nanoseconds on a processor, nanoseconds ready but without one."""

    run_ns: int = 0
    wait_ns: int = 0


def read_cpu_times() -> CpuTimes:
    """Of this process, by the kernel's count (proc_pid_schedstat); zeros where it keeps none: then nobody waits."""
    try:
        ran, waited, _ = SCHEDSTAT.read_text().split()
        return CpuTimes(int(ran), int(waited))
    except (OSError, ValueError):
        return CpuTimes()


class BacklogThrottle:
    """Asked at every turn of the shipper, whose low priority makes it wait whenever others want the processors.

    A burst is answered first and written after: shipping a record, storing it on the bus and putting it into a table
    cost as much as answering does.
    """

    def __init__(self, room_bytes: int, read_times: Callable[[], CpuTimes] = read_cpu_times) -> None:
        self._backlog_limit = room_bytes * BACKLOG_SHARE
        self._read_cpu_times = read_times
        self._previous = read_times()
        self._run_ns = self._wait_ns = 0.0
        self._since: float | None = None
        self._is_over = False

    def should_wait(self, backlog_bytes: int, now: float) -> bool:
        """Whether the log waits at monotonic `now`, with so much unpublished."""
        read_times, before = self._read_cpu_times(), self._previous
        self._previous = read_times
        self._run_ns = self._run_ns * DECAY + read_times.run_ns - before.run_ns
        self._wait_ns = self._wait_ns * DECAY + read_times.wait_ns - before.wait_ns
        if self._wait_ns <= MAX_WAIT_PER_RUN * self._run_ns:
            return False
        if self._since is None:
            self._since = now
        # Once over, it stays so until the backlog is gone: a moment with processors to spare is not the end of it.
        self._is_over = self._is_over or now - self._since > MAX_WAIT_S or backlog_bytes > self._backlog_limit
        return not self._is_over

    def caught_up(self) -> None:
        """There is no backlog any more: the next burst may come first again."""
        self._since, self._is_over = None, False
