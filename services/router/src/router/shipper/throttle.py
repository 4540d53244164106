"""When the request log waits: while callers want every processor, where the disk has room, and not for long."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

SCHEDSTAT = Path("/proc/self/schedstat")
LONGEST_S = 60.0
"""So long the log waits at most, counted from when it first did so and until it has been caught up with."""
ROOM_PART = 0.25
"""Of the spool's disk: from there on the log is written as fast as it can be."""
FADES = 0.5
"""What of the past still counts with each new look."""
CROWDED = 1.0
"""Waited, over ran. Measured on two cores: mostly 1 to 7 while callers want both, below 0.5 when they want less."""


@dataclass(frozen=True, slots=True)
class Turns:
    """What became of a process so far: nanoseconds on a processor, nanoseconds ready but without one."""

    ran: int = 0
    waited: int = 0


def read_turns() -> Turns:
    """Of this process, by the kernel's count (proc_pid_schedstat); zeros where it keeps none: then nobody waits."""
    try:
        ran, waited, _ = SCHEDSTAT.read_text().split()
        return Turns(int(ran), int(waited))
    except (OSError, ValueError):
        return Turns()


class Patience:
    """Asked at every turn of the shipper, whose low priority makes it wait whenever others want the processors.

    A burst is answered first and written after: shipping a record, storing it on the bus and putting it into a table
    cost as much as answering does.
    """

    def __init__(self, room_bytes: int, turns: Callable[[], Turns] = read_turns) -> None:
        self._room = room_bytes * ROOM_PART
        self._turns = turns
        self._before = turns()
        self._ran = self._waited = 0.0
        self._since: float | None = None
        self._is_over = False

    def waits(self, backlog_bytes: int, now: float) -> bool:
        """Whether the log waits at monotonic `now`, with so much unpublished."""
        turns, before = self._turns(), self._before
        self._before = turns
        self._ran = self._ran * FADES + turns.ran - before.ran
        self._waited = self._waited * FADES + turns.waited - before.waited
        if self._waited <= CROWDED * self._ran:
            return False
        if self._since is None:
            self._since = now
        # Once over, it stays so until the backlog is gone: a moment with processors to spare is not the end of it.
        self._is_over = self._is_over or now - self._since > LONGEST_S or backlog_bytes > self._room
        return not self._is_over

    def caught_up(self) -> None:
        """There is no backlog any more: the next burst may come first again."""
        self._since, self._is_over = None, False
