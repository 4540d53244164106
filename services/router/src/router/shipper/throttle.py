"""When publishing is throttled: while requests use every processor, the disk has room, and for a minute at most."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

SCHEDSTAT = Path("/proc/self/schedstat")
MAX_WAIT_S = 60.0
"""Longest time of throttling, from its beginning until the backlog is empty."""
BACKLOG_SHARE = 0.25
"""Share of the spool's cap: a larger backlog is published without throttling."""
DECAY = 0.5
"""Weight of the earlier samples in each new one (exponential decay)."""
MAX_WAIT_PER_RUN = 1.0
"""Wait time over run time above which others need the processors.

Measured on two cores: mostly 1 to 7 while requests use both, below 0.5 when they use less.
"""


@dataclass(frozen=True, slots=True)
class CpuTimes:
    """Scheduling times of a process: nanoseconds on a processor, nanoseconds runnable but without one."""

    run_ns: int = 0
    wait_ns: int = 0


def read_cpu_times() -> CpuTimes:
    """Of this process, by the kernel's count (proc_pid_schedstat); zeros, so no throttling, where it keeps none."""
    try:
        ran, waited, _ = SCHEDSTAT.read_text().split()
        return CpuTimes(int(ran), int(waited))
    except (OSError, ValueError):
        return CpuTimes()


class BacklogThrottle:
    """Asked at every turn of the shipper, whose low priority makes it wait whenever others use the processors.

    A burst is answered first and logged after: shipping a record, storing it on the bus and putting it into a table
    cost as much as answering does.
    """

    def __init__(self, cap_bytes: int, read_times: Callable[[], CpuTimes] = read_cpu_times) -> None:
        self._backlog_limit = cap_bytes * BACKLOG_SHARE
        self._read_cpu_times = read_times
        self._previous = read_times()
        self._run_ns = self._wait_ns = 0.0
        self._since: float | None = None
        self._is_over = False

    def should_wait(self, backlog_bytes: int, now: float) -> bool:
        """Whether to throttle at monotonic `now`, with `backlog_bytes` unpublished."""
        times, before = self._read_cpu_times(), self._previous
        self._previous = times
        self._run_ns = self._run_ns * DECAY + times.run_ns - before.run_ns
        self._wait_ns = self._wait_ns * DECAY + times.wait_ns - before.wait_ns
        if self._wait_ns <= MAX_WAIT_PER_RUN * self._run_ns:
            return False
        if self._since is None:
            self._since = now
        # Once over, it stays so until the backlog is gone: a moment with processors to spare is not the end of it.
        self._is_over = self._is_over or now - self._since > MAX_WAIT_S or backlog_bytes > self._backlog_limit
        return not self._is_over

    def caught_up(self) -> None:
        """The backlog is empty: the next burst may be throttled again."""
        self._since, self._is_over = None, False
