"""Traffic as one row of sums for each pod and minute."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import timedelta
from typing import Literal

from sqlalchemy.ext.asyncio import AsyncSession

from monitor.domain.metrics.entries import Entries, joined
from monitor.domain.metrics.fields import traffic_of_fields
from monitor.domain.metrics.rollup import MINUTE_S, PodMinute, TrafficSums, step_start
from monitor.domain.metrics.series import Steps
from monitor.store.metrics.own import read_entries

_ALWAYS = timedelta(days=36_500)


async def read_span(
    session: AsyncSession, kind: Literal["traffic"], services: Collection[str], since: int, until: int
) -> list[tuple[PodMinute, TrafficSums]]:
    """Minutes that begin from `since` (unix seconds) up to and without `until`, in order."""
    start = step_start(since + MINUTE_S - 1, MINUTE_S)
    steps = Steps(start, MINUTE_S, max(0, -((start - until) // MINUTE_S)), until)
    return rows_of(
        joined(
            [
                await read_entries(session, kind, services, steps, _ALWAYS),
                await read_entries(session, "latency", services, steps, _ALWAYS),
            ]
        )
    )


def rows_of(entries: Entries) -> list[tuple[PodMinute, TrafficSums]]:
    """Sums by whose they are and when, in order of that time."""
    rows: dict[PodMinute, dict[str, int]] = defaultdict(dict)
    for at, owner, field, value in zip(
        entries.at.tolist(), entries.owner.tolist(), entries.field.tolist(), entries.values.tolist(), strict=True
    ):
        fields, name = rows[PodMinute(at, *entries.series[owner])], entries.fields[field]
        fields[name] = max(fields.get(name, 0), value) if name.startswith("in_flight") else fields.get(name, 0) + value
    return [(key, traffic_of_fields(rows[key])) for key in sorted(rows)]
