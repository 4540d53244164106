"""Answers about one metric: the points of a chart, where there are any."""

from __future__ import annotations

import math
from dataclasses import replace

from monitor.domain.metrics.charts import CHARTS
from monitor.domain.metrics.entries import Entries, Kind, joined
from monitor.domain.metrics.port import MetricStore
from monitor.domain.metrics.rollup import minute_of, step_start
from monitor.domain.metrics.series import Merged, Steps
from shared.contracts.rpc.monitor import MetricsQuery, Series, SeriesList
from shared.errors import InvalidInput

_LONG_AFTER = 2**40


async def read_chart(store: MetricStore, query: MetricsQuery, now: int) -> SeriesList:
    """One metric as series: one for each version, or one for the pod that was asked for. Raises `InvalidInput`."""
    chart = CHARTS.get(query.metric)
    if chart is None:
        raise InvalidInput(f"no metric {query.metric}; there are {', '.join(sorted(CHARTS))}")
    since, until = _range(query)
    start = step_start(since, query.step_s)
    steps = Steps(start, query.step_s, max(0, -((start - until) // query.step_s)), now)
    entries = _chosen(await _read(store, chart.kind, query, steps), query, since, until)
    merged = Merged("version", _around(entries, query.step_s), entries)
    table = chart.read(merged)
    return SeriesList(
        metric=query.metric,
        unit=chart.unit,
        series=tuple(
            Series(labels=_labels(query, group.version), points=_points(merged.steps, values))
            for group, values in zip(merged.groups, table.tolist(), strict=True)
        ),
    )


async def _read(store: MetricStore, kind: Kind, query: MetricsQuery, steps: Steps) -> Entries:
    """All that is in the steps; latencies of steps that the range cuts as sketches, which can be cut."""
    services = (query.service,)
    whole = _whole_steps(query, steps)
    if kind != "latency" or whole.count < 1:
        return await store.read(kind, services, steps)
    parts = [await store.read_percentiles(services, whole, "version" if query.pod is None else "pod")]
    for start, end in ((steps.start, whole.start), (whole.end, steps.end)):
        if start < end:
            parts.append(await store.read(kind, services, replace(steps, start=start, count=1)))
    return joined(parts)


def _whole_steps(query: MetricsQuery, steps: Steps) -> Steps:
    """The steps without the first and the last where the range begins and ends in them."""
    since, until = _range(query)
    first, last = steps.start < since, steps.end > until
    return replace(steps, start=steps.start + first * steps.step_s, count=steps.count - first - last)


def _range(query: MetricsQuery) -> tuple[int, int]:
    return minute_of(query.from_time), int(query.to_time.timestamp()) + 1


def _chosen(entries: Entries, query: MetricsQuery, since: int, until: int) -> Entries:
    wanted = [query.version in {None, one.version} and query.pod in {None, one.pod} for one in entries.series]
    return entries.chosen(wanted).between(since, until)


def _around(entries: Entries, step_s: int) -> Steps:
    """The steps that there are entries in: the range that was asked for may be of years."""
    if not len(entries):
        return Steps(0, step_s, 0, _LONG_AFTER)
    first, last = (step_start(int(at), step_s) for at in (entries.at.min(), entries.at.max()))
    return Steps(first, step_s, (last - first) // step_s + 1, _LONG_AFTER)


def _points(steps: Steps, values: list[float]) -> tuple[tuple[int, float], ...]:
    return tuple(
        (steps.start + place * steps.step_s, value) for place, value in enumerate(values) if not math.isnan(value)
    )


def _labels(query: MetricsQuery, version: str) -> dict[str, str]:
    labels = {"service": query.service, "version": version}
    return labels | ({"pod": query.pod} if query.pod else {})
