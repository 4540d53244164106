"""All figures of a window's column beside its baseline's."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from monitor.domain.statistics.baselines.baseline import Baseline
from monitor.domain.statistics.drift import distances, floors
from monitor.domain.statistics.drift.figures import DriftFigures, TestResult
from monitor.domain.statistics.drift.hypothesis_tests import cramers_v, homogeneity, ks_p_value, pool_rare
from monitor.domain.statistics.kinds import ColumnKind
from monitor.domain.statistics.profiles import reading, sketches
from monitor.domain.statistics.profiles.bins import Categories
from monitor.domain.statistics.profiles.column import BinCounts, ColumnProfile
from monitor.domain.statistics.profiles.table import TableProfile
from monitor.domain.statistics.slices import ALL_ROWS, Slice


@dataclass(frozen=True)
class _Figures:
    """Some of the figures, and their floors."""

    values: dict[str, Any]
    floors: dict[str, float]


def drift(current: ColumnProfile, baseline: ColumnProfile, slice: Slice = ALL_ROWS) -> DriftFigures:  # noqa: A002
    """`current` was profiled with the baseline's frozen bins. ValueError where it was not, or is of another kind."""
    now, before = _comparable(current, baseline)
    reference, counts = pool_rare(before.counts, now.counts, has_others=isinstance(before.frozen.bins, Categories))
    with np.errstate(over="ignore", invalid="ignore"):  # numbers near the largest float
        parts = [_over_bins(reference, counts), _of_numbers(current, baseline), _of_new_values(current, baseline)]
    return DriftFigures(
        column=current.name,
        kind=current.kind.value,
        data_type=current.data_type,
        rows=_binned(current),
        baseline_rows=_binned(baseline),
        bins=len(reference),
        floors={name: floor for part in parts for name, floor in part.floors.items()},
        slice=slice,
        **{name: value for part in parts for name, value in part.values.items()},
    )


def drift_of_table(current: TableProfile, baseline: Baseline, slice: Slice = ALL_ROWS) -> tuple[DriftFigures, ...]:  # noqa: A002
    """Of every column that both have and that can be compared."""
    return tuple(
        drift(column, before, slice)
        for name, column in current.columns.items()
        if (before := baseline.column(name)) is not None and is_comparable(column, before)
    )


def is_comparable(current: ColumnProfile, baseline: ColumnProfile) -> bool:
    """False for free text, lists, columns whose type has changed, and profiles without the baseline's bins."""
    now, before = current.bin_counts, baseline.bin_counts
    if now is None or before is None or now.frozen != before.frozen or current.kind != baseline.kind:
        return False
    return before.frozen.bins is not None and before.frozen.bins != Categories(())


def _comparable(current: ColumnProfile, baseline: ColumnProfile) -> tuple[BinCounts, BinCounts]:
    if current.bin_counts is None or baseline.bin_counts is None or not is_comparable(current, baseline):
        raise ValueError(
            f"column {current.name!r} ({current.data_type}) was not counted over the bins of its baseline"
            f" ({baseline.data_type})"
        )
    return current.bin_counts, baseline.bin_counts


def _binned(profile: ColumnProfile) -> int:
    return profile.values - profile.infinities


def _over_bins(reference: npt.NDArray[np.float64], current: npt.NDArray[np.float64]) -> _Figures:
    """Rare bins have been pooled: otherwise each adds noise of its own, and PSI's filling of empty ones much more."""
    if not reference.sum() or not current.sum():
        return _Figures({}, {})
    test = homogeneity(reference, current)
    figures = {
        "psi": distances.psi(reference, current),
        "js_distance": distances.js_distance(reference, current),
        "tv_distance": distances.tv_distance(reference, current),
        "l_infinity": distances.l_infinity(reference, current),
        "chi_squared": test,
        "cramers_v": cramers_v(test, float(reference.sum() + current.sum())),
        "p_value": test.p_value,
    }
    return _Figures(figures, floors.binned_floors(reference, current))


def _of_numbers(current: ColumnProfile, baseline: ColumnProfile) -> _Figures:
    """KS and Wasserstein of the values that the quantile sketches kept: all of them while there are few hundred."""
    if current.kind == ColumnKind.CATEGORICAL or not current.quantile_sketch or not baseline.quantile_sketch:
        return _Figures({}, {})
    now = sketches.weighted_values(current.quantile_sketch)
    before = sketches.weighted_values(baseline.quantile_sketch)
    rows, base_rows = current.moments.count, baseline.moments.count
    deviation = reading.standard_deviation(baseline, ddof=0) or 0.0
    statistic = distances.ks_statistic(before, now)
    moved = distances.normed(distances.wasserstein(before, now), deviation)
    errors = sketches.rank_error(current.quantile_sketch) + sketches.rank_error(baseline.quantile_sketch)
    return _Figures(
        {
            "ks": TestResult(statistic, ks_p_value(statistic, rows, base_rows)),
            "wasserstein": moved if math.isfinite(moved) else None,
        },
        {
            "ks": floors.ks_floor(rows, base_rows, errors),
            "wasserstein": floors.wasserstein_floor(*before, deviation, 1 / rows + 1 / base_rows),
        },
    )


def _of_new_values(current: ColumnProfile, baseline: ColumnProfile) -> _Figures:
    now, before = current.bin_counts, baseline.bin_counts
    rows, base_rows = _binned(current), _binned(baseline)
    if now is None or before is None or not rows:
        return _Figures({}, {})
    unseen = 2.0
    if current.kind == ColumnKind.CATEGORICAL:
        if before.counts[-1]:
            # The baseline has values without a bin of their own: a new one cannot be told from them.
            return _Figures({}, {})
        found, unseen = now.counts[-1], float(sum(count == 1 for count in before.counts))
    else:
        found = now.below + now.above
    floor = floors.new_value_floor(unseen, base_rows, rows)
    return _Figures({"new_value_rate": found / rows}, {"new_value_rate": floor})
