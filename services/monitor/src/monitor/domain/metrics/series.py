"""Series of equal length: rows of any step merged by version, by pod or altogether, gaps where nothing was measured.

A router sends no sample of a pod that got no request. So a step without traffic counts as zero where the scheduler
counted the service's pods in that step, and is a gap where nobody measured: missing data are never zero.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from monitor.domain.metrics.charts import Chart
from monitor.domain.metrics.rollup import (
    NOT_ROUTED,
    Kind,
    PodMinute,
    ReplicaCounts,
    TrafficSums,
    UsageSums,
    most_in_flight,
)

By = Literal["version", "pod", "none"]
Group = tuple[str, str]
"""Version and pod of a series, each empty where it is not told apart."""
Rows = Iterable[tuple[PodMinute, Any]]

REPORTED_AFTER_S = 12
"""What happened so long ago has been reported: a sample ends after 10 s and is stored within a moment."""
SHORTEST_SHARE_S = 40
"""So much of a step of a minute or more must have passed before it has a rate: below that one sample decides."""


@dataclass(frozen=True)
class Steps:
    """`count` steps of `step_s` seconds from `start` on, seen at `now` (both unix seconds)."""

    start: int
    step_s: int
    count: int
    now: int

    @property
    def end(self) -> int:
        """The end of the last one."""
        return self.start + self.count * self.step_s

    def place(self, at: int) -> int:
        """In which of them `at` lies, from 0 on."""
        return (at - self.start) // self.step_s

    def measured_s(self, place: int) -> int | None:
        """So many seconds of a step have been reported by now; None: too few to tell a rate."""
        passed = self.now - REPORTED_AFTER_S - (self.start + place * self.step_s)
        return None if passed < min(self.step_s, SHORTEST_SHARE_S) else min(self.step_s, passed)


class Merged:
    """Rows of one kind by series and step. Usage stays apart by pod, replicas by version: their values add up."""

    def __init__(self, kind: Kind, by: By, steps: Steps, rows: Rows) -> None:
        self._kind, self._steps = kind, steps
        self.groups: dict[Group, dict[int, dict[Group, Any]]] = defaultdict(lambda: defaultdict(dict))
        placed = [((group_of(key, by), steps.place(key.minute)), key, sums) for key, sums in rows]
        most = most_in_flight(placed)  # before sums are merged
        for (group, place), key, sums in placed:
            _merge(self.groups[group][place], key, sums)
        for (group, place), in_flight in most.items():
            self.groups[group][place][NOT_ROUTED, NOT_ROUTED].in_flight = in_flight

    def series(self, chart: Chart, counted: Merged | None) -> Iterator[tuple[Group, dict[int, float]]]:
        """Values by the place of their step, for each series that has any, by version and pod.

        `counted`: rows that say when pods were there; where they were, traffic that was not reported is none.
        """
        idle = counted if self._kind == "traffic" else None
        groups = self.groups.keys() | (idle.groups.keys() if idle else set())
        for group in sorted(groups):
            values = self._values(chart, group)
            if idle is not None:
                values |= self._idle_values(chart, idle.places(group) - values.keys())
            if values:
                yield group, values

    def places(self, group: Group) -> set[int]:
        """The steps that a series has rows in; of requests that got to no version, those of any."""
        if group == (NOT_ROUTED, NOT_ROUTED):
            return {place for by_place in self.groups.values() for place in by_place}
        return set(self.groups.get(group, ()))

    def _values(self, chart: Chart, group: Group) -> dict[int, float]:
        found: dict[int, float] = {}
        for place, parts in self.groups.get(group, {}).items():
            read = [self._read(chart, sums, place) for sums in parts.values()]
            values = [value for value in read if value is not None]
            if values:
                found[place] = sum(values)
        return found

    def _idle_values(self, chart: Chart, places: Iterable[int]) -> dict[int, float]:
        read = {place: self._read(chart, TrafficSums(), place) for place in places}
        return {place: value for place, value in read.items() if value is not None}

    def _read(self, chart: Chart, sums: Any, place: int) -> float | None:
        seconds = self._steps.measured_s(place) if self._kind == "traffic" else self._steps.step_s
        return None if seconds is None else chart.read(sums, seconds)


def group_of(key: PodMinute, by: By) -> Group:
    """The series that a row belongs to."""
    match by:
        case "version":
            return key.version, NOT_ROUTED
        case "pod":
            return key.version, key.pod
        case "none":
            return NOT_ROUTED, NOT_ROUTED


def dense(values: Mapping[int, float], count: int) -> tuple[float | None, ...]:
    """One value a step; to a millionth, which is finer than anything that is measured."""
    return tuple(round(values[place], 6) if place in values else None for place in range(count))


def _merge(merged: dict[Group, Any], key: PodMinute, sums: Any) -> None:
    # Usage is averaged per pod and then added over the pods; of replicas the last count of each version is.
    place = (key.version, key.pod) if isinstance(sums, UsageSums | ReplicaCounts) else (NOT_ROUTED, NOT_ROUTED)
    if place in merged and not isinstance(sums, ReplicaCounts):
        merged[place].add(sums)
    else:
        merged[place] = sums
