"""Answers about several metrics at once: series of equal length, by 10 s or by whole minutes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime

import numpy as np

from monitor.domain.metrics.charts import CHARTS, CLASSES, RESPONSES_BY_CLASS, Chart, parts_of
from monitor.domain.metrics.entries import Entries, Kind
from monitor.domain.metrics.entries import Series as Owner
from monitor.domain.metrics.port import MetricStore
from monitor.domain.metrics.series import By, Floats, Merged, Steps, by_series, dense
from shared.contracts.rpc.monitor import ChartSeries, ChartSeriesList, ChartsQuery
from shared.errors import InvalidInput

MOST_VALUES = 250_000
"""In one answer: some 3 MB of JSON."""


async def read_charts(store: MetricStore, query: ChartsQuery, now: datetime) -> ChartSeriesList:
    """Series of every metric. Raises `InvalidInput` for one that is not known, and for too many values."""
    wanted = {metric: _parts(metric) for metric in query.metrics}
    steps = Steps(int(query.from_time.timestamp()), query.step_s, query.count, int(now.timestamp()))
    read = {
        kind: _chosen(kind, await _read(store, kind, query, steps), query) for kind in sorted(_kinds(wanted, query))
    }
    series = await asyncio.to_thread(_all_series, wanted, read, query, steps)
    return ChartSeriesList(series=tuple(series))


async def _read(store: MetricStore, kind: Kind, query: ChartsQuery, steps: Steps) -> Entries:
    services = (query.service,)
    if kind == "latency" and (level := _level(query)):
        return await store.read_percentiles(services, steps, level)
    return await store.read(kind, services, steps)


def _level(query: ChartsQuery) -> By | None:
    """What percentiles have to be told apart by, so that a line has one in a step; None: they have to be merged."""
    if query.pod is not None:
        return None if query.by == "none" and query.version is None else "pod"
    return "version" if query.by == "none" and query.version is not None else query.by


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


def _chosen(kind: Kind, entries: Entries, query: ChartsQuery) -> Entries:
    wanted = [
        query.version in {None, one.version} and (query.pod in {None, one.pod} or kind == "replicas")
        for one in entries.series
    ]
    return entries.chosen(wanted)


def _all_series(
    wanted: Mapping[str, Mapping[str | None, Chart]],
    read: Mapping[Kind, Entries],
    query: ChartsQuery,
    steps: Steps,
) -> list[ChartSeries]:
    merged = {kind: Merged(query.by, steps, entries) for kind, entries in read.items()}
    counted = merged.get(_counted_kind(query))
    found: list[ChartSeries] = []
    for metric, parts in wanted.items():
        for label, chart in parts.items():
            table = chart.read(merged[chart.kind])
            found += (
                _one_series(metric, label, chart, group, values)
                for group, values in by_series(table, merged[chart.kind], counted if chart.is_zero_when_idle else None)
                if _is_shown(label, values)
            )
            if len(found) * steps.count > MOST_VALUES:
                raise InvalidInput(f"more than {MOST_VALUES} values: ask for a longer step, or fewer metrics or pods")
    return found


def _is_shown(label: str | None, values: Floats) -> bool:
    """A class of answers that never came needs no line; the first one stands for a chart with nothing in it."""
    return label not in list(CLASSES)[1:] or bool(np.nansum(values))


def _one_series(metric: str, label: str | None, chart: Chart, group: Owner, values: Floats) -> ChartSeries:
    return ChartSeries(
        metric=metric,
        unit=chart.unit,
        version=group.version or None,
        pod=group.pod or None,
        label=label,
        values=dense(values),
    )
