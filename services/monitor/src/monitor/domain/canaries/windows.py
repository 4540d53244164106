"""Which measurements belong to a canary, and how they are put into intervals of one stage each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from monitor.domain.canaries.counts import ComparedInterval, VersionTraffic
from monitor.domain.metrics.entries import Entries, rolled
from monitor.domain.metrics.fields import BIN, STATUS
from monitor.domain.metrics.rollup import MINUTE_S, step_start
from monitor.domain.metrics.series import REPORTED_AFTER_S, Steps
from shared.contracts.canaries import CanaryStage
from shared.contracts.rpc.monitor import RECENT_KEPT, RECENT_STEP_S

MOST_INTERVALS = 2000
"""More are merged: a test that is looked at less often stays valid."""
LONG_STEPS_S = (60, 300, 900, 1800, 3600)
"""Steps beyond the last hour; whole tiers of the metric store, so that long canaries are read from few rows."""
RECENT_S = int(RECENT_KEPT.total_seconds()) - 5 * MINUTE_S


@dataclass(frozen=True)
class CanaryWindow:
    """Seconds that are counted, [since, until), in steps of `step_s`."""

    since: int
    until: int
    step_s: int

    def steps(self, now: int) -> Steps:
        """As the metric store is asked for them."""
        return Steps(self.since, self.step_s, max(0, (self.until - self.since) // self.step_s), now)


def window_of(since: float, now: float) -> CanaryWindow:
    """From the first whole step at or after `since` to the last that was reported: by 10 s within the last hour."""
    steps = (RECENT_STEP_S, *LONG_STEPS_S) if since >= now - RECENT_S else LONG_STEPS_S
    step = next((each for each in steps if (now - since) / each <= MOST_INTERVALS), steps[-1])
    until = step_start(int(now) - REPORTED_AFTER_S, step)
    first = step_start(int(since), step)
    return CanaryWindow(first if first >= since else first + step, until, step)


def compared_intervals(
    traffic: Entries,
    latency: Entries,
    window: CanaryWindow,
    stages: Sequence[CanaryStage],
    versions: tuple[str, str],
) -> list[ComparedInterval]:
    """The traffic of both `versions` (canary, stable) by step, in order; a step belongs to the stage it begins in."""
    found: dict[int, ComparedInterval] = {}
    for start, version, name, value in (*_values(traffic, window), *_values(latency, window)):
        if version not in versions:
            continue
        interval = found.get(start) or found.setdefault(start, ComparedInterval(start, weight_at(stages, start)))
        count(interval.canary if version == versions[0] else interval.stable, name, value)
    return [found[start] for start in sorted(found)]


def traffic_of(entries: Sequence[Entries], version: str, window: CanaryWindow) -> VersionTraffic:
    """All of one version in the window."""
    total = VersionTraffic()
    for each in entries:
        for _, owner, name, value in _values(each, window):
            if owner == version:
                count(total, name, value)
    return total


def count(traffic: VersionTraffic, name: str, value: int) -> None:
    """Add one field of the metric store."""
    if name == "requests":
        traffic.requests += value
    elif name.startswith(STATUS):
        code = name.removeprefix(STATUS)
        traffic.status[code] = traffic.status.get(code, 0) + value
    elif name.startswith(BIN) and (place := name.removeprefix(BIN)).isdecimal():
        traffic.latency[int(place)] = traffic.latency.get(int(place), 0) + value


def _values(entries: Entries, window: CanaryWindow) -> Iterator[tuple[int, str, str, int]]:
    """Start of the step, version, field and value."""
    chosen = rolled(entries.between(window.since, window.until), window.step_s)
    columns = (chosen.at.tolist(), chosen.owner.tolist(), chosen.field.tolist(), chosen.values.tolist())
    for at, owner, name, value in zip(*columns, strict=True):
        yield at, chosen.series[owner].version, chosen.fields[name], value


def weight_at(stages: Sequence[CanaryStage], start: int) -> int:
    """The canary's weight at a moment, unix seconds; 0 before the first stage."""
    weight = 0
    for stage in stages:
        if stage.from_time.timestamp() > start:
            break
        weight = stage.weight
    return weight
