"""Series of equal length: rows of any step merged by version, by pod or altogether, gaps where nothing was measured.

A router sends no sample of a pod that got no request. So a step without traffic counts as zero where the scheduler
counted the service's pods in that step, and is a gap where nobody measured: missing data are never zero.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from monitor.domain.metrics.entries import NOT_ROUTED, Entries, Series, rolled
from monitor.domain.metrics.fields import BIN, IN_FLIGHT
from monitor.domain.metrics.latency import duration_of
from shared.contracts.metrics.latency_bins import LATENCY_EDGES_S

By = Literal["version", "pod", "none"]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

REPORTED_AFTER_S = 12
"""What happened so long ago has been reported: a sample ends after 10 s and is stored within a moment."""
SHORTEST_SHARE_S = 40
"""So much of a step of a minute or more must have passed before it has a rate: below that one sample decides."""

SHARES: Mapping[str, float] = {"p50": 0.50, "p90": 0.90, "p99": 0.99}
"""Percentiles by name, which is also the field of one that is known: its value is a bin."""
NO_BIN = -1
"""Stands for the bin of a percentile where there were no requests."""

_DURATIONS = np.array([duration_of(place) for place in range(len(LATENCY_EDGES_S) + 1)])
_MOST_IN_A_TABLE = 4_000_000


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

    def measured_s(self, place: int) -> int | None:
        """So many seconds of a step have been reported by now; None: too few to tell a rate."""
        passed = self.now - REPORTED_AFTER_S - (self.start + place * self.step_s)
        return None if passed < min(self.step_s, SHORTEST_SHARE_S) else min(self.step_s, passed)


class Merged:
    """Entries of one kind as tables: a line for each series, a column for each step; NaN is a gap."""

    def __init__(self, by: By, steps: Steps, entries: Entries) -> None:
        self.steps = steps
        self.entries = entries.between(steps.start, steps.end)
        owners = [group_of(series, by) for series in self.entries.series]
        has_entries = np.zeros(len(owners), bool)
        has_entries[self.entries.owner] = True
        self.groups = sorted({owner for owner, has_any in zip(owners, has_entries, strict=True) if has_any})
        numbers = {group: number for number, group in enumerate(self.groups)}
        self._group_of_owner = np.array([numbers.get(owner, 0) for owner in owners], np.int64)
        self._place = (self.entries.at - steps.start) // steps.step_s
        self._cell = (self._group_of_owner * steps.count)[self.entries.owner] + self._place

    @property
    def _shape(self) -> tuple[int, int]:
        return len(self.groups), self.steps.count

    @cached_property
    def present(self) -> Mask:
        """Where there is a row."""
        found = np.zeros(len(self.groups) * self.steps.count, bool)
        found[self._cell] = True
        return found.reshape(self._shape)

    @cached_property
    def reported_s(self) -> Floats:
        """How much of each step has been reported; NaN where that is too little to tell a rate."""
        measured = (self.steps.measured_s(place) for place in range(self.steps.count))
        return np.array([np.nan if seconds is None else seconds for seconds in measured])

    def where_reported(self, found: Floats) -> Floats:
        """Gaps where there is no row, and where too little of the step has been reported."""
        return np.where(self.present & ~np.isnan(self.reported_s), found, np.nan)

    def totals(self, name: str, *, is_prefix: bool = False) -> Floats:
        """The sum of a field, or of all whose names begin so; zero where there is none."""
        chosen = self._fields(name, is_prefix=is_prefix)
        weights = self.entries.values[chosen].astype(np.float64)
        found = np.bincount(self._cell[chosen], weights, len(self.groups) * self.steps.count)
        return found.astype(np.float64).reshape(self._shape)  # without entries they are whole numbers

    def means(self, name: str) -> Floats:
        """The mean of a field over the samples of each pod, added up over the pods."""
        count = self.steps.count
        cells = self.entries.owner.astype(np.int64) * count + self._place
        sums, samples = (
            np.bincount(cells[chosen], self.entries.values[chosen], len(self.entries.series) * count)
            for chosen in (self._fields(name), self._fields(f"{name}_samples"))
        )
        (measured,) = np.nonzero(samples)
        return self._added_up(measured // count, measured % count, sums[measured] / samples[measured])

    def last(self, name: str) -> Floats:
        """The last value of a field of each version, added up."""
        (chosen,) = np.nonzero(self._fields(name))
        chosen = chosen[np.argsort(self.entries.at[chosen], kind="stable")]
        count = self.steps.count
        cells, places = np.unique(
            (self.entries.owner.astype(np.int64) * count + self._place)[chosen][::-1], return_index=True
        )
        return self._added_up(
            cells // count, cells % count, self.entries.values[chosen[::-1][places]].astype(np.float64)
        )

    def most_in_flight(self) -> Floats:
        """Requests at all pods of all routers together, in the row of the step that had the most."""
        found = rolled(self.entries.where(self._fields(IN_FLIGHT, is_prefix=True)), 1)
        most = np.zeros(len(self.groups) * self.steps.count)
        if len(found):
            width = self.steps.end - self.steps.start
            moments = self._group_of_owner[found.owner] * width + (found.at - self.steps.start)
            moments, places = np.unique(moments, return_inverse=True)
            cells = moments // width * self.steps.count + moments % width // self.steps.step_s
            np.maximum.at(most, cells, np.bincount(places, found.values))
        return most.reshape(self._shape)

    def percentiles(self, name: str) -> Floats:
        """A percentile of `SHARES`, seconds: as it is known, else out of the step's sketches; NaN without requests."""
        bins = self.quantile_bins(SHARES[name]).reshape(-1)
        known = self._fields(name)
        bins[self._cell[known]] = self.entries.values[known]
        return np.where(bins == NO_BIN, np.nan, _DURATIONS[bins]).reshape(self._shape)

    def quantile_bins(self, share: float) -> NDArray[np.int64]:
        """The bin of the request at rank `share` × (n - 1) of the n in a step's sketches; `NO_BIN` without requests."""
        found = np.full(len(self.groups) * self.steps.count, NO_BIN, np.int64)
        for first, bins, seen in self._sketches:
            total = seen[:, -1]
            places = np.argmax(seen > (share * (total - 1))[:, None], axis=1)
            found[first : first + len(seen)] = np.where(total > 0, bins[places], NO_BIN)
        return found.reshape(self._shape)

    @cached_property
    def _sketches(self) -> list[tuple[int, NDArray[np.int64], Floats]]:
        """Some cells at a time: the first, the bins, how many requests each cell has up to each bin."""
        numbers = np.array([_bin_of_field(name) for name in self.entries.fields], np.int64)
        used = np.unique(numbers[numbers >= 0])
        if not len(used):
            return []
        column = np.searchsorted(used, numbers)[self.entries.field]
        is_bin = (numbers >= 0)[self.entries.field]
        width, cells = len(used), len(self.groups) * self.steps.count
        at_once = max(1, _MOST_IN_A_TABLE // width)
        found = []
        for first in range(0, cells, at_once):
            count = min(at_once, cells - first)
            chosen = is_bin if cells <= at_once else is_bin & (self._cell >= first) & (self._cell < first + count)
            codes = (self._cell[chosen] - first) * width + column[chosen]
            table = np.bincount(codes, self.entries.values[chosen], count * width).astype(np.float64, copy=False)
            found.append((first, used, np.cumsum(table.reshape(count, width), axis=1)))
        return found

    def _fields(self, name: str, *, is_prefix: bool = False) -> Mask:
        wanted = [(field.startswith(name) if is_prefix else field == name) for field in self.entries.fields]
        return np.array(wanted, bool)[self.entries.field]

    def _added_up(self, owners: NDArray[np.int64], places: NDArray[np.int64], values: NDArray[np.float64]) -> Floats:
        cells = self._group_of_owner[owners] * self.steps.count + places
        size = len(self.groups) * self.steps.count
        found = np.where(np.bincount(cells, minlength=size) > 0, np.bincount(cells, values, size), np.nan)
        return found.reshape(self._shape)

    def places(self, group: Series) -> Mask:
        """The steps that a series has rows in; of requests that got to no version, those of any of its service."""
        if not (group.version or group.pod):
            of_service = [number for number, each in enumerate(self.groups) if each.service == group.service]
            return np.asarray(self.present[of_service].any(axis=0))
        return self.own_places(group)

    def own_places(self, group: Series) -> Mask:
        """The steps that a series has rows of its own in."""
        if group in self.groups:
            return np.asarray(self.present[self.groups.index(group)])
        return np.zeros(self.steps.count, bool)


def by_series(table: Floats, merged: Merged, counted: Merged | None) -> Iterator[tuple[Series, Floats]]:
    """The lines of a table that have a value, by version and pod.

    `counted`: rows that say when pods were there; where they were, traffic that was not reported is none.
    """
    idle = set(counted.groups) if counted else set()
    for group in sorted(idle | set(merged.groups)):
        is_known = group in merged.groups
        values = table[merged.groups.index(group)] if is_known else np.full(merged.steps.count, np.nan)
        if counted is not None:
            silent = counted.places(group) & ~merged.own_places(group) & ~np.isnan(merged.reported_s)
            values = np.where(silent, 0.0, values)
        if not np.isnan(values).all():
            yield group, values


def _bin_of_field(name: str) -> int:
    """The bin that a field counts; -1 where it is another field."""
    return int(name.removeprefix(BIN)) if name.startswith(BIN) and name.removeprefix(BIN).isdecimal() else -1


def group_of(series: Series, by: By) -> Series:
    """The series that a row belongs to."""
    match by:
        case "version":
            return Series(series.service, series.version, NOT_ROUTED)
        case "pod":
            return series
        case "none":
            return Series(series.service, NOT_ROUTED, NOT_ROUTED)


def dense(values: Floats) -> tuple[float | None, ...]:
    """One value a step; to a millionth, which is finer than anything that is measured."""
    return tuple(None if math.isnan(value) else value for value in np.round(values, 6).tolist())
