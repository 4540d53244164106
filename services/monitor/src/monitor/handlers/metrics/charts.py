"""Answers about metrics: minutes merged into the points of a chart."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from monitor.domain.metrics.charts import CHARTS, Chart
from monitor.domain.metrics.rollup import PodMinute, ReplicaCounts, UsageSums, most_in_flight, step_start
from monitor.store.metrics import minutes
from shared.contracts.rpc.monitor import MetricsQuery, Series, SeriesList
from shared.errors import InvalidInput


async def read_chart(session: AsyncSession, query: MetricsQuery) -> SeriesList:
    """One metric as series: one for each version, or one for the pod that was asked for. Raises `InvalidInput`."""
    chart = CHARTS.get(query.metric)
    if chart is None:
        raise InvalidInput(f"no metric {query.metric}; there are {', '.join(sorted(CHARTS))}")
    rows = await minutes.read_minutes(session, chart.kind, query)
    return SeriesList(metric=query.metric, unit=chart.unit, series=tuple(_series(chart, rows, query)))


def _series(chart: Chart, rows: Sequence[tuple[PodMinute, Any]], query: MetricsQuery) -> list[Series]:
    steps: dict[str, dict[int, dict[str, Any]]] = defaultdict(lambda: defaultdict(dict))
    placed = [((key.version, step_start(key.minute, query.step_s)), key, sums) for key, sums in rows]
    most = most_in_flight(placed)  # before sums are merged
    for (version, start), key, sums in placed:
        _merge(steps[version][start], key, sums)
    for (version, start), in_flight in most.items():
        steps[version][start][""].in_flight = in_flight
    return [
        Series(labels=_labels(query, version), points=tuple(_points(chart, by_step, query.step_s)))
        for version, by_step in sorted(steps.items())
    ]


def _merge(merged: dict[str, Any], key: PodMinute, sums: Any) -> None:
    # Usage is averaged per pod and then added over the pods; everything else is one sum for the version.
    place = key.pod if isinstance(sums, UsageSums) else ""
    if place in merged and not isinstance(sums, ReplicaCounts):
        merged[place].add(sums)
    else:
        merged[place] = sums


def _points(chart: Chart, by_step: dict[int, dict[str, Any]], step_s: int) -> list[tuple[int, float]]:
    points = []
    for start, parts in sorted(by_step.items()):
        values = [value for sums in parts.values() if (value := chart.read(sums, step_s)) is not None]
        if values:
            points.append((start, sum(values)))
    return points


def _labels(query: MetricsQuery, version: str) -> dict[str, str]:
    labels = {"service": query.service, "version": version}
    return labels | ({"pod": query.pod} if query.pod else {})
