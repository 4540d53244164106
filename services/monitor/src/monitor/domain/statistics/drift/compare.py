"""All figures of a window's column beside its baseline's."""

from __future__ import annotations

from monitor.domain.statistics.baselines.baseline import Baseline
from monitor.domain.statistics.drift.figures import DriftFigures
from monitor.domain.statistics.profiles.column import ColumnProfile
from monitor.domain.statistics.profiles.table import TableProfile
from monitor.domain.statistics.slices import ALL_ROWS, Slice


def drift(current: ColumnProfile, baseline: ColumnProfile, slice: Slice = ALL_ROWS) -> DriftFigures:  # noqa: A002
    """`current` was profiled with the baseline's frozen bins. ValueError where it was not."""
    raise NotImplementedError


def drift_of_table(current: TableProfile, baseline: Baseline, slice: Slice = ALL_ROWS) -> tuple[DriftFigures, ...]:  # noqa: A002
    """Of every column that both have and that can be compared."""
    raise NotImplementedError
