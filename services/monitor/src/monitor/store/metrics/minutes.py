"""Minutes of traffic, usage and replicas: added to, and read for charts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Text, cast, delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from monitor.domain.metrics.rollup import Kind, PodMinute, ReplicaCounts, minute_of, read_sums
from monitor.store.tables import MinuteRow, ReplicasRow, SampleRow, TrafficRow, UsageRow
from shared.contracts.rpc.monitor import MetricsQuery
from shared.contracts.samples import TrafficSample

TABLES: Mapping[Kind, type[MinuteRow]] = {"traffic": TrafficRow, "usage": UsageRow, "replicas": ReplicasRow}


async def claim_uncounted(session: AsyncSession, samples: Iterable[TrafficSample]) -> list[TrafficSample]:
    """Those samples that were not counted before, marked as counted in this transaction."""
    fresh: list[TrafficSample] = []
    for sample in samples:
        if await session.get(SampleRow, (sample.run_id, sample.sequence)) is None:
            session.add(SampleRow(run_id=sample.run_id, sequence=sample.sequence, at=sample.to_time))
            await session.flush()
            fresh.append(sample)
    return fresh


async def add_minutes(session: AsyncSession, kind: Kind, minutes: Mapping[PodMinute, Any]) -> None:
    """Add sums to the rows of their minutes; replica counts replace what was there."""
    table = TABLES[kind]
    for key, sums in minutes.items():
        row = await session.get(table, (key.minute, key.service, key.version, key.pod))
        if row is None:
            session.add(
                table(minute=key.minute, service=key.service, version=key.version, pod=key.pod, sums=asdict(sums))
            )
            continue
        if not isinstance(sums, ReplicaCounts):
            known = read_sums(kind, row.sums)
            known.add(sums)  # type: ignore[union-attr]
            row.sums = asdict(known)
        else:
            row.sums = asdict(sums)


async def read_minutes(session: AsyncSession, kind: Kind, query: MetricsQuery) -> list[tuple[PodMinute, Any]]:
    """The minutes that a query is about, in order."""
    table = TABLES[kind]
    wanted = select(table).where(
        table.service == query.service,  # type: ignore[arg-type]
        table.minute >= storable(minute_of(query.from_time)),  # type: ignore[arg-type]
        table.minute <= storable(int(query.to_time.timestamp())),  # type: ignore[arg-type]
    )
    if query.version is not None:
        wanted = wanted.where(table.version == query.version)  # type: ignore[arg-type]
    if query.pod is not None:
        wanted = wanted.where(table.pod == query.pod)  # type: ignore[arg-type]
    rows = (await session.execute(wanted.order_by(table.minute))).scalars().all()  # type: ignore[arg-type]
    return [(PodMinute(row.minute, row.service, row.version, row.pod), read_sums(kind, row.sums)) for row in rows]


async def read_span(
    session: AsyncSession, kind: Kind, services: Collection[str], since: int, until: int
) -> list[tuple[PodMinute, Any]]:
    """Minutes that begin from `since` (unix seconds) up to and without `until`, in order."""
    table = TABLES[kind]
    columns: Any = table
    # A week of a service is tens of thousands of rows: the sums come as text, which orjson reads three times as fast.
    sums_as_text = cast(columns.sums, Text)
    wanted = select(columns.minute, columns.service, columns.version, columns.pod, sums_as_text).where(
        columns.service.in_(services), columns.minute >= storable(since), columns.minute < storable(until)
    )
    rows = await session.execute(wanted.order_by(columns.minute))
    return [(PodMinute(*key), read_sums(kind, orjson.loads(sums))) for *key, sums in rows]


def storable(seconds: int) -> int:
    """`seconds` as far as the columns reach: PostgreSQL refuses to compare them with more than 32 bits."""
    return max(-(2**31), min(seconds, 2**31 - 1))


async def measured_minutes(session: AsyncSession, services: Collection[str], since: int) -> dict[str, set[int]]:
    """Service → the minutes from `since` on in which its pods were counted."""
    table: Any = ReplicasRow
    wanted = select(table.service, table.minute).where(table.service.in_(services), table.minute >= since).distinct()
    found: dict[str, set[int]] = defaultdict(set)
    for service, minute in await session.execute(wanted):
        found[service].add(minute)
    return found


async def delete_minutes(session: AsyncSession, before_minute: int) -> None:
    """Delete minutes that are older than `before_minute`."""
    for table in TABLES.values():
        await session.execute(delete(table).where(table.minute < before_minute))  # type: ignore[arg-type]


async def delete_counted_samples(session: AsyncSession, before: datetime) -> None:
    """Delete the marks of samples that were counted and end before then."""
    table: Any = SampleRow
    await session.execute(delete(table).where(table.at < before))
