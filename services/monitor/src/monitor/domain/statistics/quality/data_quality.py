"""Figures of data quality: nulls, range, new categories, types, columns, rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from monitor.domain.statistics.baselines.baseline import Baseline
from monitor.domain.statistics.baselines.expectations import ColumnExpectation
from monitor.domain.statistics.profiles.table import TableProfile
from monitor.domain.statistics.slices import ALL_ROWS, Slice

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
    """Checks that follow from the baseline (profile made with its frozen bins) and from expectations."""
    raise NotImplementedError
