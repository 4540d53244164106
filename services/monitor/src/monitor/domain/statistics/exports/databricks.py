"""Rows of `profile_metrics` and `drift_metrics`, in the shapes of Databricks' data profiling.

Names, order and types are those of its tables. `count` is the number of rows, nulls included, as in its live tables
(`percent_null` is of it); the model's column is always named `model_version`. What Databricks does not document is
ours: the bins of the distances are the baseline's frozen ones. Shares are in percent, 0 to 100.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa

from monitor.domain.statistics.drift.figures import DriftFigures, TestResult
from monitor.domain.statistics.exports.schemas import TABLE_ROW
from monitor.domain.statistics.kinds import ColumnKind
from monitor.domain.statistics.profiles import reading
from monitor.domain.statistics.profiles.column import ColumnProfile
from monitor.domain.statistics.profiles.table import TableProfile
from monitor.domain.statistics.quality.figures import Averages, ModelQuality
from monitor.domain.statistics.slices import ALL_ROWS, Slice

_QUANTILES = [place / 999 for place in range(1000)]
_FREQUENT = 100


@dataclass(frozen=True)
class RowContext:
    """What all rows of one window have."""

    start: datetime
    end: datetime
    granularity: str
    """As Databricks writes it: `1 hour`, `1 day`."""
    monitor_version: int = 0
    model_version: str | None = None
    """None: all versions together."""
    slice: Slice = ALL_ROWS


def profile_rows(
    profile: TableProfile, context: RowContext, *, log_type: str = "INPUT", quality: ModelQuality | None = None
) -> list[dict[str, Any]]:
    """One row per column and one, `:table`, for all of them. `log_type`: INPUT, or BASELINE of a baseline's profile."""
    common = {**_context(context), "log_type": log_type, "logging_table_commit_version": None}
    columns = [{**common, **_column(column)} for column in profile.columns.values()]
    return [{**common, **_table(profile), **(_quality(quality) if quality else {})}, *columns]


def _context(context: RowContext) -> dict[str, Any]:
    return {
        "window": {"start": context.start, "end": context.end},
        "monitor_version": context.monitor_version,
        "granularity": context.granularity,
        "slice_key": context.slice.key,
        "slice_value": context.slice.value,
        "model_version": context.model_version,
    }


def _table(profile: TableProfile) -> dict[str, Any]:
    present = [name for name, column in profile.columns.items() if column.nulls < column.count]
    return {"column_name": TABLE_ROW, "count": profile.rows, "non_null_columns": present}


def _column(column: ColumnProfile) -> dict[str, Any]:
    distinct = reading.distinct(column)
    row: dict[str, Any] = {
        "column_name": column.name,
        "count": column.count,
        "data_type": column.data_type,
        "num_nulls": column.nulls,
        "percent_null": _percent(column.nulls, column),
        "distinct_count": distinct,
        "percent_distinct": None if distinct is None else _percent(distinct, column),
        "frequent_items": [{"item": text, "count": count} for text, count in reading.frequent(column, _FREQUENT)],
    }
    if column.kind in (ColumnKind.NUMERIC, ColumnKind.TEMPORAL):
        row |= _numbers(column)
    if column.kind == ColumnKind.CATEGORICAL and column.lengths.count:
        lengths = column.lengths
        row |= {
            "min_length": float(lengths.minimum or 0),
            "max_length": float(lengths.maximum or 0),
            "avg_length": reading.mean_length(column),
        }
    return row


def _numbers(column: ColumnProfile) -> dict[str, Any]:
    quantiles = reading.quantiles(column, _QUANTILES)
    return {
        "avg": reading.mean(column),
        "stddev": reading.standard_deviation(column),
        "min": column.moments.minimum,
        "max": column.moments.maximum,
        "quantiles": quantiles or None,
        "median": next(iter(reading.quantiles(column, [0.5])), None),
        "num_zeros": column.zeros,
        "percent_zeros": _percent(column.zeros, column),
        "num_nan": column.nans,
        "percent_nan": _percent(column.nans, column),
    }


def _percent(part: int, column: ColumnProfile) -> float:
    return 100 * reading.share(part, column)


def _quality(quality: ModelQuality) -> dict[str, Any]:
    figures = quality.figures
    if quality.kind == "regression":
        return {
            "mean_squared_error": figures.get("mse"),
            "root_mean_squared_error": figures.get("rmse"),
            "mean_average_error": figures.get("mae"),
            "mean_absolute_percentage_error": figures.get("mape"),
            "r2_score": figures.get("r2"),
        }
    area = figures.get("roc_auc")
    return {
        "accuracy_score": figures.get("accuracy"),
        "precision": _averages(quality.per_class.get("precision")),
        "recall": _averages(quality.per_class.get("recall")),
        "f1_score": _averages(quality.per_class.get("f1")),
        "roc_auc_score": None if area is None else {"one_vs_rest": {"weighted": area}},
        "log_loss": figures.get("log_loss"),
        "confusion_matrix": [
            {"prediction": said, "label": label, "count": count} for said, label, count in quality.confusion
        ],
    }


def _averages(averages: Averages | None) -> dict[str, Any] | None:
    if averages is None:
        return None
    return {
        "one_vs_all": list(averages.per_class.items()),
        "macro": averages.macro,
        "weighted": averages.weighted,
    }


def drift_rows(
    figures: Sequence[DriftFigures],
    current: TableProfile,
    base: TableProfile,
    context: RowContext,
    *,
    drift_type: str = "BASELINE",
    compared: tuple[datetime, datetime] | None = None,
) -> list[dict[str, Any]]:
    """`drift_type`: BASELINE, or CONSECUTIVE with `compared`, the window compared with. Of columns that both have;
    distances only of those in `figures`.
    """
    window = None if compared is None else {"start": compared[0], "end": compared[1]}
    common = {**_context(context), "window_cmp": window, "drift_type": drift_type}
    found = {one.column: one for one in figures}
    rows = [{**common, **_table_delta(current, base)}]
    for name, column in current.columns.items():
        if name in base.columns:
            rows.append({**common, **_delta(column, base.columns[name]), **_distances(found.get(name))})
    return rows


def _table_delta(current: TableProfile, base: TableProfile) -> dict[str, Any]:
    now, before = set(_table(current)["non_null_columns"]), set(_table(base)["non_null_columns"])
    return {
        "column_name": TABLE_ROW,
        "count_delta": current.rows - base.rows,
        "non_null_columns_delta": {"added": len(now - before), "missing": len(before - now)},
    }


def _delta(current: ColumnProfile, base: ColumnProfile) -> dict[str, Any]:
    now, before = _column(current), _column(base)
    return {
        "column_name": current.name,
        "data_type": current.data_type,
        "count_delta": current.count - base.count,
        **{f"{name}_delta": _minus(now.get(name), before.get(name)) for name in _DELTAS},
    }


_DELTAS = ("avg", "percent_null", "percent_zeros", "percent_distinct")


def _minus(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one - other


def _distances(figures: DriftFigures | None) -> dict[str, Any]:
    """As in Databricks, chi-square and Jensen-Shannon are of categories, KS and Wasserstein of numbers."""
    if figures is None:
        return {}
    is_text = figures.kind == ColumnKind.CATEGORICAL
    return {
        "js_distance": figures.js_distance if is_text else None,
        "chi_squared_test": _test(figures.chi_squared) if is_text else None,
        "tv_distance": figures.tv_distance if is_text else None,
        "l_infinity_distance": figures.l_infinity if is_text else None,
        "ks_test": _test(figures.ks),
        "wasserstein_distance": figures.wasserstein,
        "population_stability_index": figures.psi,
    }


def _test(result: TestResult | None) -> dict[str, float] | None:
    return None if result is None else {"statistic": result.statistic, "pvalue": result.p_value}


def as_table(rows: Sequence[Mapping[str, Any]], schema: pa.Schema) -> pa.Table:
    """For the writer of the Delta table."""
    return pa.Table.from_pylist([dict(row) for row in rows], schema=schema)
