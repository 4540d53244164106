"""Chooses the bins of a baseline's columns."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping

from monitor.domain.statistics.kinds import ColumnKind
from monitor.domain.statistics.profiles import reading, sketches
from monitor.domain.statistics.profiles.accumulator import MAX_CATEGORY_LENGTH
from monitor.domain.statistics.profiles.bins import Categories, ColumnBins, Edges
from monitor.domain.statistics.profiles.column import BinCounts, ColumnProfile
from monitor.domain.statistics.profiles.table import TableProfile

DEFAULT_BINS = 10
MAX_OWN_BINS = 20
"""Numbers with no more distinct values have a bin each, as Evidently does; its limit is the same."""
MAX_FREQUENT = 100
"""Categories of a column whose distinct values are too many to be counted one by one."""


def freeze(profile: ColumnProfile, bins: int = DEFAULT_BINS) -> ColumnBins | None:
    """Numbers: bins of equal share (each value its own where there are few); texts: one per value. None: not binned,
    as free text.
    """
    if profile.kind == ColumnKind.CATEGORICAL:
        if (profile.lengths.maximum or 0) > MAX_CATEGORY_LENGTH:
            return None
        return ColumnBins(Categories(tuple(text for text, _ in reading.frequent(profile, _limit(profile)))))
    if not profile.moments.count:
        return None
    low, high = profile.moments.minimum, profile.moments.maximum
    if profile.value_counts is not None and len(profile.value_counts) <= MAX_OWN_BINS:
        values = sorted((text for text, _ in profile.value_counts), key=float)
        return ColumnBins(Categories(tuple(values)), low, high)
    return ColumnBins(_edges(profile, bins), low, high)


def chosen_bins(profile: TableProfile, bins: int = DEFAULT_BINS) -> Mapping[str, ColumnBins]:
    """Those of each column that has some: what a baseline and its windows are counted over, for `ProfileBuilder`."""
    chosen = {name: freeze(column, bins) for name, column in profile.columns.items()}
    return {name: frozen for name, frozen in chosen.items() if frozen is not None}


def _limit(profile: ColumnProfile) -> int:
    return MAX_FREQUENT if profile.value_counts is None else len(profile.value_counts)


def _edges(profile: ColumnProfile, bins: int) -> Edges:
    """Between bins of equal share; a value that alone has the share of several gets a bin of its own."""
    inner = reading.quantiles(profile, [place / bins for place in range(1, bins)])
    low = profile.moments.minimum
    repeated = {value for value, following in itertools.pairwise(inner) if value == following}
    after = {math.nextafter(value, math.inf) for value in inner if value in repeated or value == low}
    return Edges(tuple(sorted({value for value in inner if low is None or value > low} | after)))


def counted(profile: ColumnProfile, frozen: ColumnBins) -> BinCounts:
    """Counts over bins, out of what the profile keeps: exact where values were counted one by one, else estimated."""
    if isinstance(frozen.bins, Categories):
        return BinCounts(frozen, _in_categories(profile, frozen.bins))
    if isinstance(frozen.bins, Edges):
        return BinCounts(frozen, _between_edges(profile, frozen.bins))
    return BinCounts(frozen)


def _in_categories(profile: ColumnProfile, bins: Categories) -> tuple[int, ...]:
    found = dict(reading.frequent(profile, limit=1_000_000))
    counts = [found.get(text, 0) for text in bins.values]
    return (*counts, max(0, profile.values - profile.infinities - sum(counts)))


def _between_edges(profile: ColumnProfile, bins: Edges) -> tuple[int, ...]:
    count = profile.moments.count
    if not count or profile.quantile_sketch is None:
        return (0,) * bins.size
    below = [float(rank) for rank in sketches.ranks_below(profile.quantile_sketch, bins.edges)]
    limits = [0, *(round(rank * count) for rank in below), count]
    return tuple(after - before for before, after in itertools.pairwise(limits))
