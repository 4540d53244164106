"""The range of a chart: equal steps that begin at whole multiples of their length, whatever was asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from shared.contracts.rpc.monitor import RECENT_KEPT, RECENT_STEP_S
from shared.errors import Detail, InvalidInput

RECENT_RANGE = timedelta(hours=1)
MOST_STEPS = 5000
_STEPS_S = (60, 300, 900, 1800, 3600, 10_800, 21_600, 86_400)
_FITTING_STEPS = 2100
"""7 days by 5 minutes fit, as does a day by the minute."""


@dataclass(frozen=True)
class ChartRange:
    """`count` steps of `step_s` seconds from `start` on."""

    start: datetime
    step_s: int
    count: int

    @property
    def end(self) -> datetime:
        """The end of the last step."""
        return self.start + timedelta(seconds=self.step_s * self.count)


def chart_range(start: datetime | None, end: datetime | None, step_s: int | None, now: datetime) -> ChartRange:
    """The steps that cover a range: the last hour, by what fits its length, unless told otherwise."""
    end = end or now
    start = start or end - timedelta(hours=1)
    if start >= end:
        raise InvalidInput("from must lie before to", [Detail(("query", "from"), "must lie before to")])
    step_s = step_s or _fitting_step(end - start)
    _check_step(step_s, start, end, now)
    first = int(start.timestamp()) // step_s * step_s
    count = -((first - end.timestamp()) // step_s)
    if count > MOST_STEPS:
        told = f"{int(count)} steps; at most {MOST_STEPS}: ask for a longer step or a shorter range"
        raise InvalidInput(f"step: {told}", [Detail(("query", "step"), told)])
    return ChartRange(datetime.fromtimestamp(first, UTC), step_s, int(count))


def _fitting_step(length: timedelta) -> int:
    fitting = (step for step in _STEPS_S if length.total_seconds() / step <= _FITTING_STEPS)
    return next(fitting, _STEPS_S[-1])


def _check_step(step_s: int, start: datetime, end: datetime, now: datetime) -> None:
    if step_s == RECENT_STEP_S:
        if end - start > RECENT_RANGE or start < now - RECENT_KEPT:
            told = "10 goes with at most one hour, and reaches no further back"
            raise InvalidInput(f"step: {told}", [Detail(("query", "step"), told)])
    elif step_s % 60:
        told = "10, or a multiple of 60"
        raise InvalidInput(f"step: {told}", [Detail(("query", "step"), told)])
