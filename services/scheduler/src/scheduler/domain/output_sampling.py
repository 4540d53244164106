"""What of a flood of output is sent on: one pod's lines must not push out, or hold up, everybody else's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scheduler.domain.values import LogPosition, OutputLine

TAIL_LINES = 20
BURST_S = 10.0
"""Seconds' worth of lines that a pod may print at once: what a start or a traceback prints is never sampled."""


@dataclass
class OutputBudget:
    """Lines that a pod may still print: `rate` more each second, up to a burst."""

    rate: float
    level: float
    filled_at: float

    @classmethod
    def full(cls, rate: float, now: float) -> OutputBudget:
        """Of a pod that has printed nothing yet; `now` is monotonic."""
        return cls(rate, rate * BURST_S, now)

    def take(self, lines: int, now: float) -> int:
        """How many of `lines` may be sent on."""
        self.level = min(self.rate * BURST_S, self.level + self.rate * (now - self.filled_at))
        self.filled_at = now
        taken = min(lines, int(self.level))
        self.level -= taken
        return taken


def sample_lines(lines: Sequence[OutputLine], allowed: int) -> list[OutputLine]:
    """All of them, or about `allowed`: lines at even distances, one that says how many are missing, and the last ones.

    What a pod printed last says why it ended.
    """
    others, tail = lines[:-TAIL_LINES], lines[-TAIL_LINES:]
    if len(lines) <= allowed or not others:
        return list(lines)
    *others, place = others
    number = min(max(0, allowed - TAIL_LINES), len(others))
    kept = [others[len(others) * each // number] for each in range(number)]
    missing = len(others) + 1 - len(kept)
    notice = f"[penstock] {missing} of {len(lines)} lines are left out: the pod prints more than it may"
    return [*kept, OutputLine(place.position, place.end, notice), *tail]


def gap_notice(since: LogPosition, lines: Sequence[OutputLine]) -> list[OutputLine]:
    """A line in place of output that was gone before it could be sent on, because its file had reached its limit."""
    if not lines or lines[0].position.run != since.run or lines[0].position.offset <= since.offset:
        return []
    lost = lines[0].position.offset - since.offset
    notice = f"[penstock] {lost} bytes are lost: the pod printed them faster than they could be sent on"
    return [OutputLine(since, lines[0].position.offset, notice)]
