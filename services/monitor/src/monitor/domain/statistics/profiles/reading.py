"""What can be read out of a column's profile."""

from __future__ import annotations

import math
from collections.abc import Sequence

from monitor.domain.statistics.profiles import sketches
from monitor.domain.statistics.profiles.column import ColumnProfile


def mean(profile: ColumnProfile) -> float | None:
    """Of the finite numbers."""
    return profile.moments.mean if profile.moments.count else None


def standard_deviation(profile: ColumnProfile, ddof: int = 1) -> float | None:
    """Of the finite numbers; None where there are not more of them than `ddof`."""
    count = profile.moments.count - ddof
    return math.sqrt(max(profile.moments.squares, 0.0) / count) if count > 0 else None


def quantiles(profile: ColumnProfile, ranks: Sequence[float]) -> list[float]:
    """Values at ranks from 0 to 1; empty where there are no numbers. Rank error as `sketches.QUANTILES_K` says."""
    if profile.quantile_sketch is None:
        return []
    found = sketches.read_quantiles(profile.quantile_sketch).get_quantiles(list(ranks), True)
    low, high = profile.moments.minimum, profile.moments.maximum
    if low is None or high is None:
        return []
    # The sketch may have let go of the least and the largest value.
    ends = {0.0: low, 1.0: high}
    return [ends.get(float(rank), float(value)) for rank, value in zip(ranks, found, strict=True)]


def distinct(profile: ColumnProfile) -> int | None:
    """Exact while values are counted one by one, else estimated; None where values are not compared."""
    if profile.value_counts is not None:
        return len(profile.value_counts) if profile.moments.count or profile.lengths.count else None
    if profile.distinct_sketch is None:
        return None
    estimate = round(float(sketches.read_distinct(profile.distinct_sketch).get_estimate()))
    return min(estimate, profile.values)


def frequent(profile: ColumnProfile, limit: int = 100) -> list[tuple[str, int]]:
    """Values with their counts, the most frequent first; none where numbers have many distinct values."""
    if profile.value_counts is not None:
        return sorted(profile.value_counts, key=lambda pair: (-pair[1], pair[0]))[:limit]
    if profile.frequent_sketch is None:
        return []
    return sketches.frequent_texts(profile.frequent_sketch)[:limit]


def mean_length(profile: ColumnProfile) -> float | None:
    """Of texts, in characters."""
    return profile.lengths.total / profile.lengths.count if profile.lengths.count else None


def share(part: int, profile: ColumnProfile) -> float:
    """Of all rows; 0 where there are none."""
    return part / profile.count if profile.count else 0.0
