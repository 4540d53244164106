"""Answers about log lines."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from monitor.handlers.cursors import decode_cursor, encode_cursor
from monitor.store import log_lines
from shared.contracts.rpc.monitor import LogEntry, LogPage, LogsQuery


async def search_logs(session: AsyncSession, query: LogsQuery) -> LogPage:
    """Log lines, newest first unless asked otherwise."""
    rows = await log_lines.find_lines(session, query, decode_cursor(query.cursor))
    items = tuple(
        LogEntry(
            at=row.at,
            version=row.version,
            pod=row.pod,
            run=row.run,
            offset=row.offset,
            text=row.text,
            request_id=row.request_id,
        )
        for row in rows
    )
    full = len(rows) == query.limit
    return LogPage(items=items, next_cursor=encode_cursor(rows[-1].id) if full and rows[-1].id is not None else None)
