"""Rules of the kinds data_quality and drift: the rows of a window beside the baseline's."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from monitor.domain.rules.timing import Window
from monitor.domain.rules.verdicts import Verdict, bounds_of, failed, insufficient, of_drift, of_figure
from monitor.domain.statistics.judging.drift import DriftRule, judge_drift
from monitor.domain.statistics.judging.quality import judge_figure
from monitor.handlers.rules.baselines import Baselines, FoundBaseline
from monitor.handlers.rules.opened import open_rows
from monitor.handlers.rules.sources import INFERENCES, RowSources
from shared.contracts.monitors import Monitor

if TYPE_CHECKING:
    from monitor.domain.statistics.drift.figures import DriftFigures
    from monitor.domain.statistics.profiles.table import TableProfile
    from monitor.domain.statistics.quality.data_quality import QualityFigure
    from monitor.domain.statistics.slices import Slice
    from monitor.handlers.rules.rows import OpenedRows

WHOLE_WINDOW = frozenset({"row_count", "freshness", "type_mismatch", "error_share"})
"""Metrics of data quality that have no columns."""


@dataclass
class TableRules:
    """Evaluates them."""

    sources: RowSources
    baselines: Baselines

    async def evaluate(self, rule: Monitor, window: Window) -> list[Verdict]:
        """The verdicts of a window. Raises what opening tables raises."""
        places = await self.sources.tables(rule.service, INFERENCES)
        if not places:
            return [insufficient("no inference table of the service has rows yet", 0)]
        opened = await open_rows(places)
        if rule.metric in WHOLE_WINDOW:
            return await asyncio.to_thread(_whole_window, rule, opened, window)
        columns, missing = opened.named(rule.columns)
        absent = [failed(f"the table has no column {name}", name) for name in missing]
        if not columns:
            return absent or [failed("the table has no column that can be profiled")]
        found = await self._columns(rule, opened, columns, window)
        details = {"table_versions": dict(opened.versions)}
        return [*absent, *(replace(each, details={**each.details, **details}) for each in found)]

    async def _columns(
        self, rule: Monitor, opened: OpenedRows, columns: Sequence[str], window: Window
    ) -> list[Verdict]:
        baseline: FoundBaseline | None = None
        if rule.baseline is not None:
            baseline = await self.baselines.of(rule, opened, columns, window)
        profiles = await asyncio.to_thread(_profiled, rule, opened, columns, window, baseline)
        rows = next(iter(profiles.values())).rows
        if not rows:
            return [insufficient("there are no rows in the window", 0)]
        if rows < rule.min_sample:
            return [insufficient(f"{rows} rows, fewer than {rule.min_sample}", rows)]
        if rule.baseline is None:
            return _quality(rule, profiles, None, columns)
        if baseline is None:
            made = await self.baselines.freeze_window(rule, opened, columns, window)
            return [Verdict("insufficient_data", rows=rows, reason=f"{made.source} is the baseline from now on")]
        judge = _drift if rule.kind == "drift" else _quality
        found = await asyncio.to_thread(judge, rule, profiles, baseline, columns)
        return [replace(each, details={**each.details, "baseline": baseline.source}) for each in found]


def _profiled(
    rule: Monitor, opened: OpenedRows, columns: Sequence[str], window: Window, baseline: FoundBaseline | None
) -> Mapping[Slice, TableProfile]:
    from monitor.domain.rules.slicing import SliceBy  # noqa: PLC0415
    from monitor.handlers.rules.rows import profile_window  # noqa: PLC0415

    by = SliceBy.of(rule.slice, opened.schema)
    return profile_window(opened, columns, window, by, baseline.baseline if baseline else None)


def _unlike(
    rule: Monitor, profile: TableProfile, baseline: FoundBaseline, columns: Sequence[str]
) -> dict[str, Verdict | None]:
    """Columns that cannot be compared → why; None where nobody asked for them by name."""
    found: dict[str, Verdict | None] = {}
    is_asked = list(rule.columns) != ["*"]
    for name in columns:
        known, now = baseline.baseline.column(name), profile.columns.get(name)
        if known is None:
            why = failed(f"the baseline has no column {name}: it was made of {baseline.source}", name)
            found[name] = why if is_asked else None
        elif now is not None and now.kind != known.kind:
            found[name] = failed(f"{name} holds {now.data_type}, in the baseline {known.data_type}", name)
    return found


def _drift(
    rule: Monitor, profiles: Mapping[Slice, TableProfile], baseline: FoundBaseline, columns: Sequence[str]
) -> list[Verdict]:
    from monitor.domain.statistics.drift.compare import drift_of_table  # noqa: PLC0415
    from monitor.domain.statistics.profiles.table import TableProfile  # noqa: PLC0415

    unlike = _unlike(rule, next(iter(profiles.values())), baseline, columns)
    figures: list[DriftFigures] = []
    for part, profile in profiles.items():
        alike = {name: column for name, column in profile.columns.items() if name not in unlike}
        figures += drift_of_table(TableProfile(profile.rows, alike), baseline.baseline, part)
    judged = judge_drift(
        [each for each in figures if each.value(rule.metric) is not None],
        DriftRule(rule.metric, rule.warning, rule.critical, rule.min_sample),
    )
    found = [of_drift(each) for each in judged] + [each for each in unlike.values() if each is not None]
    return found or [failed(f"no column has a {rule.metric}: it is of another type")]


def _quality(
    rule: Monitor,
    profiles: Mapping[Slice, TableProfile],
    baseline: FoundBaseline | None,
    columns: Sequence[str],
) -> list[Verdict]:
    from monitor.domain.statistics.quality.data_quality import data_quality  # noqa: PLC0415

    unlike = _unlike(rule, next(iter(profiles.values())), baseline, columns) if baseline else {}
    found = [each for each in unlike.values() if each is not None]
    for part, profile in profiles.items():
        if rule.metric == "zero_rate":
            found += _zeros(rule, profile, part)
            continue
        figures = data_quality(profile, baseline.baseline if baseline else None, (), part)
        chosen = [each for each in figures if each.check == rule.metric and each.column not in unlike]
        found += [_judged(rule, each, part) for each in chosen]
    return found or [failed(f"no column has a {rule.metric}: it is of another type")]


def _judged(rule: Monitor, each: QualityFigure, part: Slice) -> Verdict:
    bounds = bounds_of(rule)
    judged = judge_figure(
        rule.metric, each.value, each.rows, bounds, margin=each.margin, column=each.column, slice=part
    )
    return of_figure(judged)


def _zeros(rule: Monitor, profile: TableProfile, part: Slice) -> list[Verdict]:
    return [
        of_figure(
            judge_figure(
                rule.metric, column.zeros / column.count, column.count, bounds_of(rule), column=name, slice=part
            )
        )
        for name, column in profile.columns.items()
        if column.kind == "numeric" and column.count
    ]


def _whole_window(rule: Monitor, opened: OpenedRows, window: Window) -> list[Verdict]:
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
