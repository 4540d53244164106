"""Two profiles of a column side by side, as shares of common bins or of values: what pictures are drawn from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from monitor.domain.reports.scales import widened
from monitor.domain.statistics.kinds import ColumnKind
from monitor.domain.statistics.profiles import reading, sketches
from monitor.domain.statistics.profiles.column import ColumnProfile

Floats = npt.NDArray[np.float64]

BINS = 28
VALUES = 8
"""Values of their own; all others are one."""
_COUNTED = 1_000
_FEW_NUMBERS = 12
_NOTED = 0.001
_TAIL = 0.005
"""Beyond these quantiles values are in the outermost bin: one outlier must not press the rest into one bar."""
_NEARER = (0.02, 0.05, 0.1)
_FAR = 20.0
"""So many times the middle half's width beyond it there are outliers: the next of the nearer quantiles is the end."""


@dataclass(frozen=True)
class BinShares:
    """Numbers or times: bins of equal width, and the share of the values in each; None: that side has none."""

    edges: Floats
    baseline: Floats | None
    window: Floats | None


@dataclass(frozen=True)
class ValueShares:
    """Texts, booleans and few distinct numbers: (value, share in the baseline, share in the window)."""

    rows: Sequence[tuple[str | None, float, float]]
    """The most frequent first, numbers by size; the value None, last, is all others."""


def compared_shares(window: ColumnProfile | None, baseline: ColumnProfile | None) -> BinShares | ValueShares | None:
    """None: there is nothing that could be compared, or the two are of different kinds."""
    profiles = [profile for profile in (baseline, window) if profile is not None]
    if len({profile.kind for profile in profiles}) != 1:
        return None
    if all(_is_of_values(profile) for profile in profiles):
        return _of_values(window, baseline, is_numeric=profiles[0].kind == ColumnKind.NUMERIC)
    numbers = [profile for profile in profiles if profile.quantile_sketch is not None]
    return _of_bins(window, baseline, numbers) if numbers else None


def _is_of_values(profile: ColumnProfile) -> bool:
    if profile.kind == ColumnKind.CATEGORICAL:
        return bool(reading.frequent(profile, 1))
    is_number = profile.kind == ColumnKind.NUMERIC and bool(profile.value_counts)
    return is_number and len(profile.value_counts or ()) <= _FEW_NUMBERS


def _of_bins(
    window: ColumnProfile | None, baseline: ColumnProfile | None, numbers: Sequence[ColumnProfile]
) -> BinShares:
    ends = [_ends(profile) for profile in numbers]
    low, high = widened(min(end[0] for end in ends), max(end[1] for end in ends), 0.02)
    edges = np.linspace(low, high, BINS + 1)
    return BinShares(edges, _binned(baseline, edges), _binned(window, edges))


def _ends(profile: ColumnProfile) -> tuple[float, float]:
    """Where the values lie but for those that are off by powers of ten, as far as these are no quarter of them."""
    low, *lower, first, third = reading.quantiles(profile, [_TAIL, *_NEARER, 0.25, 0.75])
    *higher, high = reading.quantiles(profile, [1 - part for part in (*reversed(_NEARER), _TAIL)])
    far = _FAR * (third - first)
    if not far:
        return low, high
    return (
        next((value for value in (low, *lower) if value >= first - far), first),
        next((value for value in (high, *reversed(higher)) if value <= third + far), third),
    )


def _binned(profile: ColumnProfile | None, edges: Floats) -> Floats | None:
    if profile is None or profile.quantile_sketch is None:
        return None
    points, weights = sketches.weighted_values(profile.quantile_sketch)
    counts, _ = np.histogram(np.clip(points, edges[0], edges[-1]), edges, weights=weights)
    return np.asarray(counts / weights.sum(), dtype=np.float64)


def _of_values(window: ColumnProfile | None, baseline: ColumnProfile | None, *, is_numeric: bool) -> ValueShares:
    before, now = _value_shares(baseline), _value_shares(window)
    names = sorted({*before, *now}, key=lambda name: (-max(before.get(name, 0), now.get(name, 0)), name))[:VALUES]
    if is_numeric:
        names.sort(key=float)
    rows: list[tuple[str | None, float, float]] = [(name, before.get(name, 0.0), now.get(name, 0.0)) for name in names]
    rest = [1 - sum(part.get(name, 0.0) for name in names) if part else 0.0 for part in (before, now)]
    if max(rest) > _NOTED:
        rows.append((None, max(0.0, rest[0]), max(0.0, rest[1])))
    return ValueShares(rows)


def _value_shares(profile: ColumnProfile | None) -> dict[str, float]:
    if profile is None or not profile.values:
        return {}
    return {name: count / profile.values for name, count in reading.frequent(profile, _COUNTED)}
