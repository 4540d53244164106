"""The last hour of samples, by 10 s: one row for each sample and service, added and never changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from monitor.domain.metrics.rollup import Kind, PodMinute, read_sums
from monitor.store.metrics.minutes import storable
from monitor.store.tables import RecentRow


async def add_recent(session: AsyncSession, kind: Kind, samples: Iterable[Mapping[PodMinute, Any]]) -> None:
    """Keep what each sample said; the keys' `minute` is the start of its 10 s."""
    found: list[dict[str, Any]] = []
    for sample in samples:
        by_service: dict[tuple[int, str], list[dict[str, Any]]] = defaultdict(list)
        for key, sums in sample.items():
            row = {"version": key.version, "pod": key.pod, "sums": asdict(sums)}
            by_service[key.minute, key.service].append(row)
        for (step, service), rows in by_service.items():
            found.append({"step": step, "service": service, "kind": kind, "rows": rows})
    if found:
        await session.execute(insert(RecentRow), found)


async def read_recent(
    session: AsyncSession, kind: Kind, services: Collection[str], since: int, until: int
) -> list[tuple[PodMinute, Any]]:
    """What began from `since` (unix seconds) up to and without `until`, in order."""
    table: Any = RecentRow
    wanted = select(table.step, table.service, table.rows).where(
        table.service.in_(services), table.kind == kind, table.step >= storable(since), table.step < storable(until)
    )
    return [
        (PodMinute(step, service, row["version"], row["pod"]), read_sums(kind, row["sums"]))
        for step, service, rows in await session.execute(wanted.order_by(table.step, table.id))
        for row in rows
    ]


async def delete_recent(session: AsyncSession, before: int) -> None:
    """Delete what began before then, unix seconds."""
    table: Any = RecentRow
    await session.execute(delete(table).where(table.step < before))
