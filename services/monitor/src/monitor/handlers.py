"""Use cases of the monitor: take samples, lines and facts in; answer questions about them."""

from __future__ import annotations

import base64
import re
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from monitor.domain.charts import CHARTS, Chart
from monitor.domain.events import entry_of
from monitor.domain.rollup import PodMinute, ReplicaCounts, roll_replicas, roll_traffic, roll_usage, step_start
from monitor.store import lines, minutes
from shared.contracts.rpc.monitor import (
    EventEntry,
    EventPage,
    EventsQuery,
    LogEntry,
    LogPage,
    LogsQuery,
    MetricsQuery,
    Series,
    SeriesList,
)
from shared.contracts.samples import PodOutput, TrafficSample, UsageSample
from shared.errors import InvalidInput

_NUMBER = re.compile(r"[0-9]{1,18}\Z", re.ASCII)


async def take_samples(session: AsyncSession, traffic: Sequence[TrafficSample], usage: Sequence[UsageSample]) -> None:
    """Roll samples up into minutes; a traffic sample that was counted before changes nothing."""
    await minutes.add_minutes(session, "traffic", roll_traffic(await minutes.unseen(session, traffic)))
    await minutes.add_minutes(session, "usage", roll_usage(usage))
    await minutes.add_minutes(session, "replicas", roll_replicas(usage))


async def take_output(session: AsyncSession, outputs: Sequence[PodOutput]) -> None:
    """Keep log lines, each once."""
    await lines.add_lines(session, outputs)


async def take_fact(session: AsyncSession, event: Any, at: datetime) -> None:
    """Count a fact in the event list."""
    entry = entry_of(event)
    if entry is not None:
        await lines.count_event(session, entry, at)


async def chart(session: AsyncSession, query: MetricsQuery) -> SeriesList:
    """One metric as series: one for each version, or one for the pod that was asked for. Raises `InvalidInput`."""
    found = CHARTS.get(query.metric)
    if found is None:
        raise InvalidInput(f"no metric {query.metric}; there are {', '.join(sorted(CHARTS))}")
    rows = await minutes.read_minutes(session, found.kind, query)
    return SeriesList(metric=query.metric, unit=found.unit, series=tuple(_series(found, rows, query)))


def _series(chart_: Chart, rows: Sequence[tuple[PodMinute, Any]], query: MetricsQuery) -> list[Series]:
    steps: dict[str, dict[int, dict[str, Any]]] = defaultdict(lambda: defaultdict(dict))
    for key, sums in rows:
        merged = steps[key.version][step_start(key.minute, query.step_s)]
        _merge(merged, key, sums)
    return [
        Series(labels=_labels(query, version), points=tuple(_points(chart_, by_step, query.step_s)))
        for version, by_step in sorted(steps.items())
    ]


def _merge(merged: dict[str, Any], key: PodMinute, sums: Any) -> None:
    # Usage is averaged per pod and then added over the pods; everything else is one sum for the version.
    place = key.pod if type(sums).__name__ == "UsageSums" else ""
    if place in merged and not isinstance(sums, ReplicaCounts):
        merged[place].add(sums)
    else:
        merged[place] = sums


def _points(chart_: Chart, by_step: dict[int, dict[str, Any]], step_s: int) -> list[tuple[int, float]]:
    points = []
    for start, parts in sorted(by_step.items()):
        values = [value for sums in parts.values() if (value := chart_.read(sums, step_s)) is not None]
        if values:
            points.append((start, sum(values)))
    return points


def _labels(query: MetricsQuery, version: str) -> dict[str, str]:
    labels = {"service": query.service, "version": version}
    return labels | ({"pod": query.pod} if query.pod else {})


async def search_logs(session: AsyncSession, query: LogsQuery) -> LogPage:
    """Log lines, newest first unless asked otherwise."""
    rows = await lines.find_lines(session, query, _number(query.cursor))
    items = tuple(
        LogEntry(
            at=row.at,
            version=row.version,
            pod=row.pod,
            run=row.run,
            offset=row.offset,
            text=row.text,
            request_id=row.request_id,
        )
        for row in rows
    )
    full = len(rows) == query.limit
    return LogPage(items=items, next_cursor=_cursor(rows[-1].id) if full and rows[-1].id is not None else None)


async def list_events(session: AsyncSession, query: EventsQuery) -> EventPage:
    """Events, the most recently seen first."""
    offset = _number(query.cursor) or 0
    rows = await lines.find_events(session, query, offset)
    items = tuple(
        EventEntry(
            first_seen=row.first_seen,
            last_seen=row.last_seen,
            level=row.level,
            resource_kind=row.kind,
            resource_name=row.name,
            version=row.version,
            reason=row.reason,
            message=row.message,
            count=row.count,
        )
        for row in rows
    )
    return EventPage(items=items, next_cursor=_cursor(offset + len(rows)) if len(rows) == query.limit else None)


def _cursor(number: int) -> str:
    return base64.urlsafe_b64encode(str(number).encode()).decode()


def _number(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    try:
        number = base64.urlsafe_b64decode(cursor.encode()).decode()
    except ValueError as error:
        raise InvalidInput("cursor: not one that was given out") from error
    if not _NUMBER.match(number):  # a database has no idea of a negative one, nor of one beyond 64 bits
        raise InvalidInput("cursor: not one that was given out")
    return int(number)
