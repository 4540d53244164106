"""Answers about the event list."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from monitor.handlers.cursors import decode_cursor, encode_cursor
from monitor.store import event_list
from shared.contracts.rpc.monitor import EventEntry, EventPage, EventsQuery


async def list_events(session: AsyncSession, query: EventsQuery) -> EventPage:
    """Events, the most recently seen first."""
    offset = decode_cursor(query.cursor) or 0
    rows = await event_list.find_events(session, query, offset)
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
    return EventPage(items=items, next_cursor=encode_cursor(offset + len(rows)) if len(rows) == query.limit else None)
