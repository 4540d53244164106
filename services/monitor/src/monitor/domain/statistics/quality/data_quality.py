"""Figures of data quality: nulls, range, new categories, types, columns, rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from monitor.domain.statistics.baselines.baseline import Baseline
from monitor.domain.statistics.baselines.expectations import ColumnExpectation
from monitor.domain.statistics.kinds import ColumnKind
from monitor.domain.statistics.profiles import reading, sketches
from monitor.domain.statistics.profiles.bins import Categories
from monitor.domain.statistics.profiles.column import ColumnProfile
from monitor.domain.statistics.profiles.table import TableProfile
from monitor.domain.statistics.quality.classification import wilson_margin
from monitor.domain.statistics.slices import ALL_ROWS, Slice

Z_99 = 2.575829
_NAMED = 5
"""So many new values are named."""

Check = Literal[
    "null_rate",
    "nan_rate",
    "out_of_range_rate",
    "new_value_rate",
    "data_type",
    "missing_column",
    "extra_column",
    "rows",
]


@dataclass(frozen=True)
class QualityFigure:
    """One check of one column (column None: of the table)."""

    check: Check
    column: str | None
    value: float
    """A share from 0 to 1; rows: their number; data_type, missing_column, extra_column: 1 where violated, else 0."""
    expected: float | None
    """The baseline's value, or what was expected; None: nothing to compare with."""
    rows: int
    margin: float = 0.0
    """Half of the 99 % interval (Wilson) of a share."""
    detail: str = ""
    slice: Slice = ALL_ROWS


def data_quality(
    profile: TableProfile,
    baseline: Baseline | None = None,
    expectations: Sequence[ColumnExpectation] = (),
    slice: Slice = ALL_ROWS,  # noqa: A002
) -> tuple[QualityFigure, ...]:
    """Checks that follow from the baseline (profile made with its frozen bins) and from expectations.

    Where an expectation says something of a column, it stands instead of the baseline's.
    """
    figures = [QualityFigure("rows", None, float(profile.rows), None, profile.rows, slice=slice)]
    wanted = {one.name: one for one in expectations}
    before = baseline.profile.columns if baseline else {}
    for name in dict.fromkeys((*profile.columns, *before, *wanted)):
        column, base, expected = profile.columns.get(name), before.get(name), wanted.get(name)
        if column is None:
            figures.append(QualityFigure("missing_column", name, 1.0, 0.0, profile.rows, slice=slice))
            continue
        checks = [_nulls(column, base, expected), *_not_numbers(column, base)]
        if before or wanted:
            is_extra = base is None and expected is None
            checks.append(QualityFigure("extra_column", name, float(is_extra), 0.0, profile.rows))
        checks += [*_types(column, base, expected), *_ranges(column, base, expected), *_values(column, base, expected)]
        figures += [replace(check, slice=slice) for check in checks]
    return tuple(figures)


def _share(check: Check, column: ColumnProfile, part: float, rows: int, expected: float | None) -> QualityFigure:
    value = part / rows if rows else 0.0
    return QualityFigure(check, column.name, value, expected, rows, wilson_margin(value, rows, Z_99))


def _nulls(column: ColumnProfile, base: ColumnProfile | None, wanted: ColumnExpectation | None) -> QualityFigure:
    expected = reading.share(base.nulls, base) if base else None
    if wanted and wanted.completeness is not None:
        expected = round(1 - wanted.completeness, 12)
    return _share("null_rate", column, column.nulls, column.count, expected)


def _not_numbers(column: ColumnProfile, base: ColumnProfile | None) -> list[QualityFigure]:
    if column.kind != ColumnKind.NUMERIC:
        return []
    expected = reading.share(base.nans + base.infinities, base) if base else None
    return [_share("nan_rate", column, column.nans + column.infinities, column.count, expected)]


def _types(column: ColumnProfile, base: ColumnProfile | None, wanted: ColumnExpectation | None) -> list[QualityFigure]:
    """A column without any value has no type of its own, and is not held against one. A baseline's type is held
    against by its family: integers that a window has as floating point are no violation.
    """
    if column.data_type == "null":
        return []
    if wanted and (wanted.data_type or wanted.kind):
        expected, found = (wanted.data_type, column.data_type) if wanted.data_type else (wanted.kind, column.kind.value)
    elif base is not None and base.data_type != "null":
        expected, found = _family(base), _family(column)
    else:
        return []
    detail = "" if found == expected else f"{found} instead of {expected}"
    return [QualityFigure("data_type", column.name, float(found != expected), 0.0, column.count, detail=detail)]


def _family(column: ColumnProfile) -> str:
    return "boolean" if column.data_type == "bool" else column.kind.value


def _ranges(column: ColumnProfile, base: ColumnProfile | None, wanted: ColumnExpectation | None) -> list[QualityFigure]:
    moments = column.moments
    if wanted and (wanted.minimum is not None or wanted.maximum is not None):
        outside = _outside(column, wanted.minimum, wanted.maximum)
        return [_share("out_of_range_rate", column, outside, moments.count, 0.0)] if moments.count else []
    if base is None or column.bin_counts is None or not moments.count or column.bin_counts.frozen.low is None:
        return []
    outside = column.bin_counts.below + column.bin_counts.above
    return [_share("out_of_range_rate", column, outside, moments.count, 0.0)]


def _outside(column: ColumnProfile, low: float | None, high: float | None) -> float:
    """Exact where values are counted one by one or all are inside, else of the quantile sketch, and at least one."""
    moments = column.moments
    is_below = low is not None and moments.minimum is not None and moments.minimum < low
    is_above = high is not None and moments.maximum is not None and moments.maximum > high
    if (not is_below and not is_above) or column.quantile_sketch is None:
        return 0
    points, weights = sketches.weighted_values(column.quantile_sketch)
    is_outside = np.zeros(len(points), dtype=bool)
    if low is not None:
        is_outside |= points < low
    if high is not None:
        is_outside |= points > high
    return max(float(weights[is_outside].sum()), float(is_below + is_above))


def _values(column: ColumnProfile, base: ColumnProfile | None, wanted: ColumnExpectation | None) -> list[QualityFigure]:
    if column.kind != ColumnKind.CATEGORICAL or not column.values:
        return []
    if wanted and wanted.values is not None:
        allowed = set(wanted.values)
        counts = dict(reading.frequent(column, limit=1_000_000))
        inside = sum(count for text, count in counts.items() if text in allowed)
        unknown = sorted(text for text in counts if text not in allowed)[:_NAMED]
        expected = round(1 - wanted.values_share, 12)
        figure = _share("new_value_rate", column, column.values - inside, column.values, expected)
        return [replace(figure, detail=", ".join(unknown))]
    if base is None or base.bin_counts is None or column.bin_counts is None or not column.bin_counts.counts:
        return []
    if base.bin_counts.counts[-1]:
        return []
    figure = _share("new_value_rate", column, column.bin_counts.counts[-1], column.values, 0.0)
    return [replace(figure, detail=", ".join(_new_values(column)))]


def _new_values(column: ColumnProfile) -> list[str]:
    assert column.bin_counts is not None
    bins = column.bin_counts.frozen.bins
    known = set(bins.values) if isinstance(bins, Categories) else set()
    return [text for text, _ in reading.frequent(column) if text not in known][:_NAMED]
