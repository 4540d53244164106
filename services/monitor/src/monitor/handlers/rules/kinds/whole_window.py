"""Figures of data quality that are of a whole window. Blocking; loads Arrow."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from monitor.domain.rules.timing import Window
from monitor.domain.rules.verdicts import Verdict, bounds_of, of_figure
from monitor.domain.statistics.judging.quality import judge_figure
from shared.contracts.quality.monitors import Monitor

if TYPE_CHECKING:
    from monitor.handlers.rules.rows import OpenedRows

WHOLE_WINDOW = frozenset({"row_count", "freshness", "type_mismatch", "error_share"})
"""Metrics of data quality that have no columns."""


def judged_window(rule: Monitor, opened: OpenedRows, window: Window) -> list[Verdict]:
    """The verdict of one of `WHOLE_WINDOW`."""
    value, rows = _whole_figure(rule.metric, opened, window)
    least = 0 if rule.metric in {"row_count", "freshness"} else rule.min_sample
    judged = judge_figure(rule.metric, value, rows, bounds_of(rule, min_sample=least))
    return [replace(of_figure(judged), details={"table_versions": dict(opened.versions)})]


def _whole_figure(metric: str, opened: OpenedRows, window: Window) -> tuple[float | None, int]:
    import pyarrow.compute as pc  # noqa: PLC0415

    rows = sum(table.count(window) for table in opened.tables)
    if metric == "row_count":
        return float(rows), rows
    if metric == "freshness":
        newest: list[Any] = [
            pc.max(batch.column("request_time")).as_py()
            for batch in opened.batches(["request_time"], window)
            if batch.num_rows
        ]
        return (window.end - max(newest)).total_seconds() if newest else window.seconds, rows
    column = "error" if metric == "error_share" else "features_json"
    bad = sum(
        table.count(window, pc.field(column).is_valid()) for table in opened.tables if column in table.schema.names
    )
    return (bad / rows if rows else None), rows
