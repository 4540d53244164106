"""Minutes as rows, as releases before the blocks kept them: read, and moved into blocks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import orjson
from sqlalchemy import Text, cast, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from monitor.domain.metrics.entries import KINDS, Entries, Kind, Series, entries_of
from monitor.domain.metrics.fields import fields_of_sums
from monitor.domain.metrics.rollup import read_sums
from monitor.store.metrics.blocks import merge_into_minutes
from monitor.store.metrics.samples import Span, storable
from monitor.store.tables import MinuteRow, RecentRow, ReplicasRow, TrafficRow, UsageRow

TABLES: Mapping[Kind, type[MinuteRow]] = {
    "traffic": TrafficRow,
    "latency": TrafficRow,
    "usage": UsageRow,
    "replicas": ReplicasRow,
}
_STORES: tuple[type[MinuteRow], ...] = (TrafficRow, UsageRow, ReplicasRow)


async def read_minutes(session: AsyncSession, span: Span) -> Entries:
    """Minutes that are not moved yet."""
    columns: Any = TABLES[span.kind]
    # A week of a service is tens of thousands of rows: the sums come as text, which orjson reads three times as fast.
    wanted = select(columns.minute, columns.service, columns.version, columns.pod, cast(columns.sums, Text)).where(
        columns.service.in_(span.services),
        columns.minute >= storable(span.since),
        columns.minute < storable(span.until),
    )
    return _entries(span.kind, (await session.execute(wanted.order_by(columns.minute))).all())


async def move_minutes(session: AsyncSession, limit: int) -> int:
    """Move the oldest minutes of each table into blocks, about `limit` rows; returns how many there were."""
    moved = 0
    for table in _STORES:
        columns: Any = table
        last = await _cut(session, table, limit)
        if last is None:
            continue
        keys = (columns.minute, columns.service, columns.version, columns.pod)
        wanted = select(*keys, cast(columns.sums, Text)).where(columns.minute <= last).order_by(columns.minute)
        by_service: dict[str, list[Any]] = defaultdict(list)
        for row in await session.execute(wanted):
            by_service[row.service].append(row)
        for kind in (kind for kind in KINDS if TABLES[kind] is table):
            for service, found in by_service.items():
                await merge_into_minutes(session, {(kind, service): _entries(kind, found)})
        await session.execute(delete(table).where(columns.minute <= last))
        moved += sum(map(len, by_service.values()))
    return moved


async def delete_recent(session: AsyncSession, before: int) -> None:
    """Delete samples by 10 s that releases before kept elsewhere, and that nothing reads."""
    columns: Any = RecentRow
    await session.execute(delete(RecentRow).where(columns.step < before))


async def _cut(session: AsyncSession, table: type[MinuteRow], limit: int) -> int | None:
    """The minute up to which there are about `limit` rows; None where there are none."""
    columns: Any = table
    oldest = select(columns.minute).order_by(columns.minute).limit(limit).subquery()
    last: int | None = (await session.execute(select(func.max(oldest.c.minute)))).scalar()
    return last


def _entries(kind: Kind, rows: Any) -> Entries:
    return entries_of(
        (minute, Series(service, version, pod), fields_of_sums(kind, read_sums(kind, orjson.loads(sums))))
        for minute, service, version, pod, sums in rows
    )
