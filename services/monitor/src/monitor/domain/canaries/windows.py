"""Which measurements belong to a canary, and how they are put into intervals of one stage each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from monitor.domain.canaries.counts import ComparedInterval
from monitor.domain.metrics.rollup import MINUTE_S, PodMinute, TrafficSums, step_start
from monitor.domain.metrics.series import REPORTED_AFTER_S
from shared.contracts.canaries import CanaryStage
from shared.contracts.rpc.monitor import RECENT_KEPT, RECENT_STEP_S

MOST_INTERVALS = 2000
"""More are merged: a test that is looked at less often stays valid."""
RECENT_S = int(RECENT_KEPT.total_seconds()) - 5 * MINUTE_S


@dataclass(frozen=True)
class CanaryWindow:
    """Seconds that are counted, [since, until), in steps of `step_s`."""

    since: int
    until: int
    step_s: int

    @property
    def is_recent(self) -> bool:
        """Whether the steps are those that are kept for an hour."""
        return self.step_s == RECENT_STEP_S


def window_of(since: float, now: float) -> CanaryWindow:
    """From the first whole step at or after `since` to the last that was reported: by 10 s within the last hour."""
    step = RECENT_STEP_S if since >= now - RECENT_S else MINUTE_S
    until = step_start(int(now) - REPORTED_AFTER_S, step)
    while (until - since) / step > MOST_INTERVALS:
        step += MINUTE_S if step >= MINUTE_S else MINUTE_S - step
    first = step_start(int(since), step)
    return CanaryWindow(first if first >= since else first + step, until, step)


def compared_intervals(
    rows: Iterable[tuple[PodMinute, TrafficSums]],
    window: CanaryWindow,
    stages: Sequence[CanaryStage],
    canary: str,
    stable: str,
) -> list[ComparedInterval]:
    """The traffic of both versions by step, in order; a step belongs to the stage in which it begins."""
    found: dict[int, ComparedInterval] = {}
    for key, sums in rows:
        start = step_start(key.minute, window.step_s)
        if key.version not in (canary, stable) or not window.since <= start < window.until:
            continue
        interval = found.setdefault(start, ComparedInterval(start, weight_at(stages, start)))
        (interval.canary if key.version == canary else interval.stable).add(sums)
    return [found[start] for start in sorted(found)]


def weight_at(stages: Sequence[CanaryStage], start: int) -> int:
    """The canary's weight at a moment, unix seconds; 0 before the first stage."""
    weight = 0
    for stage in stages:
        if stage.from_time.timestamp() > start:
            break
        weight = stage.weight
    return weight
