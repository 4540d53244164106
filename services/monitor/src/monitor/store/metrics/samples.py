"""Samples as they came, by 10 s: one row for each sample, service and kind, added and never changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from monitor.domain.metrics.entries import Entries, Kind, Series, entries_of
from monitor.domain.metrics.fields import Row
from monitor.store.tables import MeasuredRow, PackedRow, SampleRow
from shared.contracts.metrics.samples import TrafficSample

_MEASURED: Any = MeasuredRow
_PACKED: Any = PackedRow


async def claim_uncounted(session: AsyncSession, samples: Iterable[TrafficSample]) -> list[TrafficSample]:
    """Those samples that were not counted before, marked as counted in this transaction."""
    fresh: list[TrafficSample] = []
    for sample in samples:
        if await session.get(SampleRow, (sample.run_id, sample.sequence)) is None:
            session.add(SampleRow(run_id=sample.run_id, sequence=sample.sequence, at=sample.to_time))
            await session.flush()
            fresh.append(sample)
    return fresh


async def add_measured(session: AsyncSession, samples: Iterable[Iterable[Row]]) -> None:
    """Keep what each sample said."""
    found: list[dict[str, Any]] = []
    for sample in samples:
        by_service: dict[tuple[int, str, str], list[Any]] = defaultdict(list)
        for kind, step, owner, fields in sample:
            by_service[step, owner.service, kind].append((owner.version, owner.pod, fields))
        found += (
            {"step": step, "service": service, "kind": kind, "rows": orjson.dumps(rows).decode()}
            for (step, service, kind), rows in by_service.items()
        )
    if found:
        await session.execute(insert(MeasuredRow), found)


@dataclass(frozen=True)
class Span:
    """Which numbers are looked for: what began from `since` (unix seconds) up to and without `until`."""

    kind: Kind
    services: Collection[str]
    since: int
    until: int


async def read_measured(session: AsyncSession, span: Span, *, is_unpacked: bool = False) -> Entries:
    """Samples by 10 s; or only what is in no block yet."""
    wanted = (
        select(_MEASURED.step, _MEASURED.service, _MEASURED.rows)
        .where(_MEASURED.service.in_(span.services), _MEASURED.kind == span.kind)
        .where(_MEASURED.step >= storable(span.since), _MEASURED.step < storable(span.until))
        .order_by(_MEASURED.id)
    )
    if is_unpacked:
        packed = select(_PACKED.upto).where(_PACKED.service == _MEASURED.service).scalar_subquery()
        wanted = wanted.where(_MEASURED.id > func.coalesce(packed, 0))
    return _entries(await session.execute(wanted))


async def newest_measured(session: AsyncSession) -> int:
    """The last sample's number; 0 where there is none."""
    return (await session.execute(select(func.max(_MEASURED.id)))).scalar() or 0


async def services_measured(session: AsyncSession, after: int, upto: int) -> list[str]:
    """Services that samples with these numbers are of."""
    wanted = select(_MEASURED.service).where(_MEASURED.id > after, _MEASURED.id <= upto).distinct()
    return list((await session.execute(wanted)).scalars())


async def take_unpacked(session: AsyncSession, services: Collection[str], upto: int) -> dict[tuple[Kind, str], Entries]:
    """What is in no block yet, by kind and service; from now on, in this transaction, it counts as packed."""
    marks = {
        row.service: row
        for row in (await session.execute(select(PackedRow).where(_PACKED.service.in_(services)))).scalars()
    }
    lowest = min((marks[service].upto if service in marks else 0) for service in services)
    wanted = select(_MEASURED.id, _MEASURED.kind, _MEASURED.step, _MEASURED.service, _MEASURED.rows).where(
        _MEASURED.service.in_(services), _MEASURED.id > lowest, _MEASURED.id <= upto
    )
    found: dict[tuple[Kind, str], list[Any]] = defaultdict(list)
    for number, kind, step, service, rows in await session.execute(wanted.order_by(_MEASURED.id)):
        if service not in marks or number > marks[service].upto:
            found[kind, service].append((step, service, rows))
    for service in services:
        if service in marks:
            marks[service].upto = upto
        else:
            session.add(PackedRow(service=service, upto=upto))
    return {key: _entries(rows) for key, rows in found.items()}


def _entries(rows: Iterable[Any]) -> Entries:
    return entries_of(
        (step, Series(service, version, pod), fields)
        for step, service, packed in rows
        for version, pod, fields in orjson.loads(packed)
    )


async def delete_measured(session: AsyncSession, before: int, upto: int) -> None:
    """Delete what began before then and is in blocks: numbers up to `upto`."""
    await session.execute(delete(MeasuredRow).where(_MEASURED.step < before, _MEASURED.id <= upto))


async def delete_counted_samples(session: AsyncSession, before: datetime) -> None:
    """Delete the marks of samples that were counted and end before then."""
    table: Any = SampleRow
    await session.execute(delete(table).where(table.at < before))


def storable(seconds: int) -> int:
    """`seconds` as far as the columns reach: PostgreSQL refuses to compare them with more than 32 bits."""
    return max(-(2**31), min(seconds, 2**31 - 1))
