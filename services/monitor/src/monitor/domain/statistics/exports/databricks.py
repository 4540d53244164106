"""Rows of `profile_metrics` and `drift_metrics`, in the shapes of Databricks' data profiling."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa

from monitor.domain.statistics.drift.figures import DriftFigures
from monitor.domain.statistics.profiles.table import TableProfile
from monitor.domain.statistics.quality.figures import ModelQuality
from monitor.domain.statistics.slices import ALL_ROWS, Slice


@dataclass(frozen=True)
class RowContext:
    """What all rows of one window have."""

    start: datetime
    end: datetime
    granularity: str
    """As Databricks writes it: `1 hour`, `1 day`."""
    monitor_version: int = 0
    model_version: str | None = None
    slice: Slice = ALL_ROWS


def profile_metrics_schema() -> pa.Schema:
    """Columns in Databricks' order."""
    raise NotImplementedError


def drift_metrics_schema() -> pa.Schema:
    """Columns in Databricks' order."""
    raise NotImplementedError


def profile_rows(
    profile: TableProfile, context: RowContext, log_type: str = "INPUT", quality: ModelQuality | None = None
) -> list[dict[str, Any]]:
    """One row per column and one, `:table`, for all of them."""
    raise NotImplementedError


def drift_rows(
    figures: Sequence[DriftFigures],
    current: TableProfile,
    base: TableProfile,
    context: RowContext,
    *,
    drift_type: str = "BASELINE",
    compared: tuple[datetime, datetime] | None = None,
) -> list[dict[str, Any]]:
    """`compared`: the window compared with, of CONSECUTIVE drift."""
    raise NotImplementedError


def as_table(rows: Sequence[Mapping[str, Any]], schema: pa.Schema) -> pa.Table:
    """For the writer of the Delta table."""
    return pa.Table.from_pylist([dict(row) for row in rows], schema=schema)
