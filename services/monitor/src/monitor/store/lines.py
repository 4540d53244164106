"""Log lines and events: stored once, searched, forgotten."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, literal, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from monitor.domain.events import Entry
from monitor.store.tables import EventRow, LogLineRow, SampleRow
from shared.contracts.rpc.monitor import EventsQuery, LogsQuery
from shared.contracts.samples import PodOutput

CHUNK = 500
"""Rows of one INSERT: SQLite allows a limited number of parameters in a statement."""

KEPT_LINES = 100
"""Different messages of one reason on one resource that stay: the ones seen last."""


def message_digest(message: str) -> str:
    """What tells one message from another: an index cannot hold a long one."""
    return hashlib.sha256(message.encode()).hexdigest()


async def add_lines(session: AsyncSession, outputs: Sequence[PodOutput]) -> None:
    """Store lines; those that are there already stay as they are."""
    rows: list[dict[str, Any]] = [
        {
            "at": line.at,
            "service": output.service,
            "version": output.version,
            "pod": output.pod,
            "run": output.run,
            "offset": line.offset,
            "text": line.text.replace("\x00", "�"),  # PostgreSQL's text cannot hold NUL
            "request_id": line.request_id,
        }
        for output in outputs
        for line in output.lines
    ]
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    for start in range(0, len(rows), CHUNK):
        insert = dialect.insert(LogLineRow).values(rows[start : start + CHUNK])
        await session.execute(insert.on_conflict_do_nothing(index_elements=["pod", "run", "offset"]))


async def find_lines(session: AsyncSession, query: LogsQuery, after_id: int | None) -> list[LogLineRow]:
    """Lines of a service, newest first or oldest first, from behind `after_id` in that order."""
    table: Any = LogLineRow
    wanted = select(table).where(table.service == query.service)
    for column, value in ((table.version, query.version), (table.pod, query.pod)):
        wanted = wanted.where(column == value) if value is not None else wanted
    if query.from_time is not None:
        wanted = wanted.where(table.at >= query.from_time)
    if query.to_time is not None:
        wanted = wanted.where(table.at <= query.to_time)
    if query.search:
        wanted = wanted.where(func.lower(table.text).contains(query.search.lower(), autoescape=True))
    if query.request_id is not None:  # a line of a shared batch has the ids of all its requests, with commas
        ids = literal(",").concat(table.request_id).concat(",")
        wanted = wanted.where(table.request_id.is_not(None), ids.contains(f",{query.request_id},", autoescape=True))
    order = table.id.asc() if query.is_oldest_first else table.id.desc()
    if after_id is not None:
        wanted = wanted.where(table.id > after_id if query.is_oldest_first else table.id < after_id)
    return list((await session.execute(wanted.order_by(order).limit(query.limit))).scalars())


async def count_event(session: AsyncSession, entry: Entry, at: datetime) -> None:
    """Add one occurrence to its line, or a new line; the newest `KEPT_LINES` of a resource and reason stay."""
    table: Any = EventRow
    same = (table.service == entry.service, table.kind == entry.kind, table.name == entry.name)
    alike = select(table).where(*same, table.reason == entry.reason)
    digest = message_digest(entry.message)
    row = (await session.execute(alike.where(table.digest == digest))).scalar_one_or_none()
    if row is None:
        session.add(
            EventRow(
                service=entry.service,
                version=entry.version,
                kind=entry.kind,
                name=entry.name,
                level=entry.level,
                reason=entry.reason,
                message=entry.message,
                digest=digest,
                first_seen=at,
                last_seen=at,
            )
        )
        await session.flush()
        newest_first = alike.order_by(table.last_seen.desc(), table.id.desc())
        for older in (await session.scalars(newest_first.offset(KEPT_LINES))).all():
            await session.delete(older)
        return
    row.last_seen, row.count, row.level = at, row.count + 1, entry.level


async def find_events(session: AsyncSession, query: EventsQuery, offset: int) -> list[EventRow]:
    """Events of a service, the most recently seen first."""
    table: Any = EventRow
    wanted = select(table).where(table.service == query.service)
    if query.version is not None:
        wanted = wanted.where(table.version == query.version)
    ordered = wanted.order_by(table.last_seen.desc(), table.id.desc()).offset(offset).limit(query.limit)
    return list((await session.execute(ordered)).scalars())


async def forget(session: AsyncSession, *, lines: datetime, events: datetime, samples: datetime) -> None:
    """Delete what is older than the given times."""
    tables: Any = (LogLineRow, EventRow, SampleRow)
    log_lines, event_rows, sample_rows = tables
    await session.execute(delete(log_lines).where(log_lines.at < lines))
    await session.execute(delete(event_rows).where(event_rows.last_seen < events))
    await session.execute(delete(sample_rows).where(sample_rows.at < samples))
