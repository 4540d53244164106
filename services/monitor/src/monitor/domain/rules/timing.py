"""Windows of a rule: which are closed, which are due. Pure: `now` is passed in.

Windows end at multiples of the schedule since 1970, so that they are the same after a restart, and for every process.
A window is closed once `delay` has passed since its end: rows take that long to come, and labels longer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from shared.contracts.quality.monitors import Monitor
from shared.schedules import parse_duration

MOST_BEHIND = 48
"""Windows that are made up for after a time in which nothing was evaluated; older ones are left out."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NONE, _MOST = timedelta(0), timedelta(days=366)
FIRST_RETRY, LONGEST_RETRY, MOST_ATTEMPTS = timedelta(seconds=30), timedelta(hours=1), 20


@dataclass(frozen=True, order=True)
class Window:
    """From `start` up to and without `end`."""

    start: datetime
    end: datetime

    @property
    def seconds(self) -> float:
        """Its length."""
        return (self.end - self.start).total_seconds()

    def before(self, by: timedelta) -> Window:
        """The same window, that much earlier."""
        return Window(self.start - by, self.end - by)


@dataclass(frozen=True)
class RuleTiming:
    """Length of the windows, how often one ends, how long after that it is judged."""

    window: timedelta
    schedule: timedelta
    delay: timedelta

    @classmethod
    def of(cls, rule: Monitor) -> RuleTiming:
        """That of a rule."""
        return cls(*(parse_duration(text, _NONE, _MOST) for text in (rule.window, rule.schedule, rule.delay)))

    def last_closed(self, now: datetime) -> Window:
        """The youngest window that is closed."""
        end = _EPOCH + (now - self.delay - _EPOCH) // self.schedule * self.schedule
        return Window(end - self.window, end)

    def due(self, evaluated_until: datetime | None, now: datetime) -> Sequence[Window]:
        """Closed windows that end after `evaluated_until`, oldest first; the last closed one where that is None."""
        last = self.last_closed(now)
        if evaluated_until is None:
            return (last,)
        behind = max(0, -((evaluated_until - last.end) // self.schedule)) if evaluated_until < last.end else 0
        return [last.before(self.schedule * place) for place in reversed(range(min(behind, MOST_BEHIND)))]

    def next_at(self, evaluated_until: datetime | None, now: datetime) -> datetime:
        """When the next window is closed; now, where one is due."""
        if evaluated_until is None or evaluated_until < self.last_closed(now).end:
            return now
        return max(evaluated_until, self.last_closed(now).end) + self.schedule + self.delay


def touched_windows(timing: RuleTiming, times: Sequence[datetime], until: datetime) -> Sequence[Window]:
    """The windows that hold one of `times` and end by `until`, oldest first.

    Of the times between two ends the last one is in every window that any of them is in: the work grows with the
    number of windows, not with that of labels.
    """
    last: dict[int, datetime] = {}
    for time in times:
        place = (time - _EPOCH) // timing.schedule
        last[place] = max(time, last.get(place, time))
    found: set[int] = set()
    latest = (until - _EPOCH) // timing.schedule
    for place, time in last.items():
        # An end is after the time, and no more than the window's length after it.
        most = (time + timing.window - _EPOCH) // timing.schedule
        found.update(range(place + 1, min(most, latest) + 1))
    ends = (_EPOCH + timing.schedule * place for place in sorted(found))
    return [Window(end - timing.window, end) for end in ends]


def retry_at(attempts: int, now: datetime) -> datetime | None:
    """When a window that could not be computed is tried again: after 30 s, doubled each time; None: no more."""
    if attempts >= MOST_ATTEMPTS:
        return None
    wait: timedelta = min(FIRST_RETRY * 2 ** min(attempts - 1, 16), LONGEST_RETRY)
    return now + wait
