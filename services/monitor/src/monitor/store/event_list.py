"""The event list: one line for each reason and message on a resource, counted, searched, deleted."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from monitor.domain.events import EventLine
from monitor.store.tables import EventRow
from shared.contracts.rpc.monitor import EventsQuery

KEPT_LINES = 100
"""Different messages of one reason on one resource that stay: the ones seen last."""


def message_digest(message: str) -> str:
    """What tells one message from another: an index cannot hold a long one."""
    return hashlib.sha256(message.encode()).hexdigest()


async def count_event(session: AsyncSession, line: EventLine, at: datetime) -> None:
    """Add one occurrence to its line, or a new line; the newest `KEPT_LINES` of a resource and reason stay."""
    table: Any = EventRow
    same = (table.service == line.service, table.kind == line.kind, table.name == line.name)
    alike = select(table).where(*same, table.reason == line.reason)
    digest = message_digest(line.message)
    row = (await session.execute(alike.where(table.digest == digest))).scalar_one_or_none()
    if row is None:
        session.add(
            EventRow(
                service=line.service,
                version=line.version,
                kind=line.kind,
                name=line.name,
                level=line.level,
                reason=line.reason,
                message=line.message,
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
    row.last_seen, row.count, row.level = at, row.count + 1, line.level


async def find_events(session: AsyncSession, query: EventsQuery, offset: int) -> list[EventRow]:
    """Events of a service, the most recently seen first."""
    table: Any = EventRow
    wanted = select(table).where(table.service == query.service)
    if query.version is not None:
        wanted = wanted.where(table.version == query.version)
    ordered = wanted.order_by(table.last_seen.desc(), table.id.desc()).offset(offset).limit(query.limit)
    return list((await session.execute(ordered)).scalars())


async def delete_events(session: AsyncSession, before: datetime) -> None:
    """Delete events that were last seen before then."""
    table: Any = EventRow
    await session.execute(delete(table).where(table.last_seen < before))
