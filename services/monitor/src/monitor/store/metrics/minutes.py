"""What was measured as one row of sums for each pod and minute."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from monitor.domain.metrics.entries import Entries, Kind, joined, rolled
from monitor.domain.metrics.fields import sums_of_fields
from monitor.domain.metrics.rollup import MINUTE_S, PodMinute, step_start
from monitor.domain.metrics.series import Steps
from monitor.store.metrics.own import read_entries


async def read_span(
    session: AsyncSession, kind: Kind, services: Collection[str], since: int, until: int
) -> list[tuple[PodMinute, Any]]:
    """Minutes that begin from `since` (unix seconds) up to and without `until`, in order; of traffic with latencies."""
    start = step_start(since + MINUTE_S - 1, MINUTE_S)
    steps = Steps(start, MINUTE_S, max(0, -((start - until) // MINUTE_S)), until)
    found = [await read_entries(session, each, services, steps) for each in kinds_of(kind)]
    return rows_of(kind, joined(found), MINUTE_S)


def kinds_of(kind: Kind) -> tuple[Kind, ...]:
    """What the rows of a kind are made of."""
    return ("traffic", "latency") if kind == "traffic" else (kind,)


def rows_of(kind: Kind, entries: Entries, step_s: int) -> list[tuple[PodMinute, Any]]:
    """Sums by whose they are and when, in order of that time."""
    found = rolled(entries, step_s)
    rows: dict[PodMinute, dict[str, int]] = defaultdict(dict)
    for at, owner, field, value in zip(
        found.at.tolist(), found.owner.tolist(), found.field.tolist(), found.values.tolist(), strict=True
    ):
        rows[PodMinute(at, *found.series[owner])][found.fields[field]] = value
    return [(key, sums_of_fields(kind, rows[key])) for key in sorted(rows)]
