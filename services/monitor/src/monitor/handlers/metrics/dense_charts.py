"""Answers about several metrics at once: series of equal length, by 10 s or by whole minutes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from monitor.domain.metrics.charts import CHARTS, CLASSES, RESPONSES_BY_CLASS, Chart, parts_of
from monitor.domain.metrics.rollup import MINUTE_S, Kind, PodMinute
from monitor.domain.metrics.series import Group, Merged, Steps, dense
from monitor.store.metrics.minutes import read_span
from monitor.store.metrics.recent import read_recent
from shared.contracts.rpc.monitor import ChartSeries, ChartSeriesList, ChartsQuery
from shared.errors import InvalidInput

MOST_VALUES = 250_000
"""In one answer: some 3 MB of JSON."""


async def read_charts(session: AsyncSession, query: ChartsQuery, now: datetime) -> ChartSeriesList:
    """Series of every metric. Raises `InvalidInput` for one that is not known, and for too many values."""
    wanted = {metric: _parts(metric) for metric in query.metrics}
    steps = Steps(int(query.from_time.timestamp()), query.step_s, query.count, int(now.timestamp()))
    rows = {kind: await _rows(session, kind, query, steps) for kind in _kinds(wanted, query)}
    series = await asyncio.to_thread(_all_series, wanted, rows, query, steps)
    return ChartSeriesList(series=tuple(series))


def _parts(metric: str) -> Mapping[str | None, Chart]:
    parts = parts_of(metric)
    if parts is None:
        raise InvalidInput(f"no metric {metric}; there are {', '.join(sorted((*CHARTS, RESPONSES_BY_CLASS)))}")
    return parts


def _kinds(wanted: Mapping[str, Mapping[str | None, Chart]], query: ChartsQuery) -> set[Kind]:
    kinds = {chart.kind for parts in wanted.values() for chart in parts.values()}
    return kinds | {_counted_kind(query)} if "traffic" in kinds else kinds


def _counted_kind(query: ChartsQuery) -> Kind:
    """What says that a series without traffic was there: each pod's usage, else the counts of its version."""
    return "usage" if query.by == "pod" or query.pod is not None else "replicas"


async def _rows(session: AsyncSession, kind: Kind, query: ChartsQuery, steps: Steps) -> list[tuple[PodMinute, Any]]:
    read = read_recent if query.step_s < MINUTE_S else read_span
    rows = await read(session, kind, (query.service,), steps.start, steps.end)
    return [
        (key, sums)
        for key, sums in rows
        if query.version in (None, key.version) and (query.pod in (None, key.pod) or kind == "replicas")
    ]


def _all_series(
    wanted: Mapping[str, Mapping[str | None, Chart]],
    rows: Mapping[Kind, list[tuple[PodMinute, Any]]],
    query: ChartsQuery,
    steps: Steps,
) -> list[ChartSeries]:
    merged = {kind: Merged(kind, query.by, steps, of_kind) for kind, of_kind in rows.items()}
    counted = merged.get(_counted_kind(query))
    found: list[ChartSeries] = []
    for metric, parts in wanted.items():
        for label, chart in parts.items():
            measured = merged[chart.kind].series(chart, counted)
            found += (
                _one_series(metric, label, chart, group, dense(values, steps.count))
                for group, values in measured
                if _is_shown(label, values)
            )
            if len(found) * steps.count > MOST_VALUES:
                raise InvalidInput(f"more than {MOST_VALUES} values: ask for a longer step, or fewer metrics or pods")
    return found


def _is_shown(label: str | None, values: Mapping[int, float]) -> bool:
    """A class of answers that never came needs no line; the first one stands for a chart with nothing in it."""
    return label not in list(CLASSES)[1:] or any(values.values())


def _one_series(
    metric: str, label: str | None, chart: Chart, group: Group, values: tuple[float | None, ...]
) -> ChartSeries:
    version, pod = (name or None for name in group)
    return ChartSeries(metric=metric, unit=chart.unit, version=version, pod=pod, label=label, values=values)
