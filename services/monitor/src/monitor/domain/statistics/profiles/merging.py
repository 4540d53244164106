"""Adds up two profiles of one column."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from monitor.domain.statistics.kinds import ColumnKind
from monitor.domain.statistics.profiles import sketches
from monitor.domain.statistics.profiles.column import BinCounts, ColumnProfile, Lengths, Moments

_N = TypeVar("_N", int, float)

MAX_COUNTED_TEXTS = 1_000
"""Distinct texts that are counted one by one; above, a sketch keeps the frequent ones."""
MAX_COUNTED_NUMBERS = 100
"""Distinct numbers that are counted one by one; above, there are their quantiles."""


def most_counted(kind: ColumnKind) -> int:
    """So many distinct values are counted one by one."""
    return MAX_COUNTED_TEXTS if kind == ColumnKind.CATEGORICAL else MAX_COUNTED_NUMBERS


def merged_column(one: ColumnProfile, other: ColumnProfile) -> ColumnProfile:
    """ValueError where they were counted over different bins, or are not of one kind."""
    if one.kind != other.kind:
        if ColumnKind.OTHER in (one.kind, other.kind):
            return _with_nulls(one, other)
        raise ValueError(f"column {one.name!r} is {one.kind} in one profile and {other.kind} in the other")
    counts = merged_counts(one.value_counts, other.value_counts, most_counted(one.kind))
    return replace(
        one,
        count=one.count + other.count,
        nulls=one.nulls + other.nulls,
        nans=one.nans + other.nans,
        zeros=one.zeros + other.zeros,
        infinities=one.infinities + other.infinities,
        moments=merged_moments(one.moments, other.moments),
        lengths=merged_lengths(one.lengths, other.lengths),
        quantile_sketch=sketches.merged_quantiles(one.quantile_sketch, other.quantile_sketch),
        distinct_sketch=sketches.merged_distinct(one.distinct_sketch, other.distinct_sketch),
        value_counts=counts,
        frequent_sketch=_merged_frequent(one, other) if counts is None else None,
        bin_counts=merged_bins(one.name, one.bin_counts, other.bin_counts),
    )


def _with_nulls(one: ColumnProfile, other: ColumnProfile) -> ColumnProfile:
    """A column that had no value at all has no type of its own."""
    empty, full = (one, other) if one.data_type == "null" else (other, one)
    if empty.data_type != "null":
        raise ValueError(f"column {one.name!r} is {one.data_type} in one profile and {other.data_type} in the other")
    return replace(full, count=full.count + empty.count, nulls=full.nulls + empty.nulls)


def merged_moments(one: Moments, other: Moments) -> Moments:
    """Chan, Golub, LeVeque (1979): updating formulae for variances."""
    if not one.count or not other.count:
        return one if one.count else other
    count = one.count + other.count
    shift = other.mean - one.mean
    return Moments(
        count=count,
        mean=one.mean + shift * other.count / count,
        squares=one.squares + other.squares + shift * shift * one.count * other.count / count,
        minimum=_least(one.minimum, other.minimum),
        maximum=_most(one.maximum, other.maximum),
    )


def merged_lengths(one: Lengths, other: Lengths) -> Lengths:
    """Of both one's texts."""
    return Lengths(
        count=one.count + other.count,
        total=one.total + other.total,
        minimum=_least(one.minimum, other.minimum),
        maximum=_most(one.maximum, other.maximum),
    )


def _least(one: _N | None, other: _N | None) -> _N | None:
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)


def _most(one: _N | None, other: _N | None) -> _N | None:
    if one is None or other is None:
        return other if one is None else one
    return max(one, other)


def merged_counts(
    one: tuple[tuple[str, int], ...] | None, other: tuple[tuple[str, int], ...] | None, most: int
) -> tuple[tuple[str, int], ...] | None:
    """None once there are too many distinct values."""
    if one is None or other is None:
        return None
    counts = dict(one)
    for text, count in other:
        counts[text] = counts.get(text, 0) + count
    return tuple(counts.items()) if len(counts) <= most else None


def _merged_frequent(one: ColumnProfile, other: ColumnProfile) -> bytes | None:
    if one.kind != ColumnKind.CATEGORICAL:
        return None
    return sketches.merged_frequent(_frequent_of(one), _frequent_of(other))


def _frequent_of(profile: ColumnProfile) -> bytes | None:
    if profile.value_counts is None:
        return profile.frequent_sketch
    sketch = sketches.new_frequent()
    for text, count in profile.value_counts:
        sketch.update(text, count)
    return bytes(sketch.serialize())


def merged_bins(name: str, one: BinCounts | None, other: BinCounts | None) -> BinCounts | None:
    """None where either was not counted over bins."""
    if one is None or other is None:
        return None
    if one.frozen != other.frozen:
        raise ValueError(f"column {name!r} was counted over different bins")
    return BinCounts(
        frozen=one.frozen,
        counts=tuple(a + b for a, b in zip(one.counts, other.counts, strict=True)),
        below=one.below + other.below,
        above=one.above + other.above,
    )
