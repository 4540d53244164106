"""Counts of the request log, as SQL."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import and_, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from inference_logger.domain.accounting import ERASED, MINUTE, Lost, SourceCounts
from inference_logger.store.tables import LostRecordRow, RequestCountRow, StoredMinuteRow


@dataclass
class StoredFacts:
    """What the database holds of minutes of a service."""

    counts: dict[datetime, list[SourceCounts]] = field(default_factory=lambda: defaultdict(list))
    lost: dict[datetime, dict[str, int]] = field(default_factory=lambda: defaultdict(dict))
    stored: dict[datetime, int] = field(default_factory=dict)

    @property
    def minutes(self) -> list[datetime]:
        """Of which anything is known, in order."""
        return sorted(self.counts.keys() | self.lost.keys())


async def note_counts(session: AsyncSession, found: Iterable[SourceCounts]) -> None:
    """Keep what sources say; of two that one said of a minute, the later."""
    for counts in found:
        row = await session.get(RequestCountRow, (counts.source, counts.service, counts.minute))
        if row is None:
            row = RequestCountRow(
                source=counts.source, service=counts.service, minute=counts.minute, logged=0, dropped={}
            )
            session.add(row)
        if _source(row).rank < counts.rank:
            row.logged, row.dropped, row.is_complete = counts.logged, dict(counts.dropped), counts.is_complete


async def note_lost(session: AsyncSession, lost: Lost) -> None:
    """More records that are in no table."""
    for (service, minute, reason), records in lost.items():
        row = await session.get(LostRecordRow, (service, minute, reason))
        if row is None:
            row = LostRecordRow(service=service, minute=minute, reason=reason, records=0)
            session.add(row)
        row.records += records


async def note_erased(session: AsyncSession, service: str, rows: Mapping[datetime, int]) -> None:
    """Rows of these minutes are in the payload tables no more."""
    await note_lost(session, Counter({(service, minute, ERASED): count for minute, count in rows.items()}))
    for minute, count in rows.items():
        settled = await session.get(StoredMinuteRow, (service, minute))
        if settled is not None:
            settled.records = max(0, settled.records - count)


async def find_facts(session: AsyncSession, service: str, since: datetime, until: datetime) -> StoredFacts:
    """Of the minutes that begin in since..until, `until` not included."""
    facts = StoredFacts()
    for row in await _rows(session, RequestCountRow, service, since, until):
        facts.counts[row.minute].append(_source(row))
    for row in await _rows(session, LostRecordRow, service, since, until):
        facts.lost[row.minute][row.reason] = row.records
    facts.stored = {row.minute: row.records for row in await _rows(session, StoredMinuteRow, service, since, until)}
    return facts


async def _rows(session: AsyncSession, table: Any, service: str, since: datetime, until: datetime) -> Any:
    wanted = select(table).where(table.service == service, table.minute >= since, table.minute < until)
    return (await session.execute(wanted)).scalars()


def _source(row: RequestCountRow) -> SourceCounts:
    return SourceCounts(row.source, row.service, row.minute, row.logged, row.dropped, row.is_complete)


async def find_unsettled(session: AsyncSession, until: datetime) -> dict[str, datetime]:
    """Service → the first of its minutes before `until` whose rows are not settled."""
    counted: Any = RequestCountRow
    stored: Any = StoredMinuteRow
    wanted = (
        select(counted.service, func.min(counted.minute))
        .outerjoin(stored, and_(stored.service == counted.service, stored.minute == counted.minute))
        .where(stored.service.is_(None), counted.minute < until)
        .group_by(counted.service)
        .order_by(counted.service)
    )
    return {service: minute for service, minute in await session.execute(wanted)}


async def settle(session: AsyncSession, service: str, stored: Mapping[datetime, int], facts: StoredFacts) -> None:
    """Keep how many rows minutes have that are over; not of those that lost some after `facts` were found."""
    if not stored:
        return
    now = await find_facts(session, service, min(stored), max(stored) + MINUTE)
    for minute, records in stored.items():
        if minute not in now.stored and now.lost.get(minute) == facts.lost.get(minute):
            session.add(StoredMinuteRow(service=service, minute=minute, records=records))


async def forget_before(session: AsyncSession, limit: datetime) -> None:
    """Drop the minutes before `limit`."""
    for table in (RequestCountRow, LostRecordRow, StoredMinuteRow):
        of: Any = table
        await session.execute(delete(table).where(of.minute < limit))


async def forget_service(session: AsyncSession, service: str, upto: datetime) -> None:
    """What a deleted service had until then is accounted for no more."""
    for table in (RequestCountRow, LostRecordRow, StoredMinuteRow):
        of: Any = table
        await session.execute(delete(table).where(of.service == service, of.minute <= upto))
