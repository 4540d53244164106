"""Answers about log lines."""

from __future__ import annotations

import re

from sqlalchemy.ext.asyncio import AsyncSession

from monitor.handlers.cursors import decode_cursor, encode_cursor
from monitor.store import log_lines
from monitor.store.tables import NOT_EXAMINED, LogLineRow
from shared.contracts.rpc.monitor import LogContextQuery, LogEntry, LogPage, LogsQuery
from shared.errors import InvalidInput, NotFound
from shared.logs.levels import Level, level_of
from shared.logs.matching import LineFilter

MOST_EXAMINED = 20_000
"""Lines that one question with an expression reads; where they run out, the page has a cursor to go on with."""
CHUNK = 2000
_LINE_ID = re.compile(r"([a-z0-9][a-z0-9.-]{0,159}):([0-9]{1,9}):([0-9]{1,18})", re.ASCII)


async def search_logs(session: AsyncSession, query: LogsQuery) -> LogPage:
    """Log lines, newest first unless asked otherwise."""
    after = decode_cursor(query.cursor)
    if query.regex is not None or query.levels:
        return await _examine(session, query, after)
    rows = await log_lines.find_lines(session, query, after, query.limit)
    return _page(rows, rows[-1].id if len(rows) == query.limit else None)


async def lines_around(session: AsyncSession, query: LogContextQuery) -> LogPage:
    """A line with those of its pod around it, newest first. Raises `NotFound` where it is not kept (any more)."""
    place = _LINE_ID.fullmatch(query.id)
    if place is None:
        raise InvalidInput("around: not the id of a line")
    pod, run, offset = place[1], int(place[2]), int(place[3])
    rows = await log_lines.find_around(session, query.service, (pod, run, offset), query.lines)
    if not rows or query.version not in (None, rows[0].version):
        raise NotFound(f"There is no line {query.id!r} of this service, or it is not kept any more")
    return _page(rows, None)


async def _examine(session: AsyncSession, query: LogsQuery, after: int | None) -> LogPage:
    """Read on until the page is full, all has been read, or `MOST_EXAMINED` lines."""
    wanted = LineFilter(regex=query.regex, levels=query.levels)
    found: list[LogLineRow] = []
    chunk = query.limit if query.regex is None else CHUNK
    for _ in range(MOST_EXAMINED // chunk):
        rows = await log_lines.find_lines(session, query, after, chunk)
        for row in rows:
            if wanted.matches(row.text, _level(row), None):
                found.append(row)
                if len(found) == query.limit:
                    return _page(found, row.id)
        if len(rows) < chunk:
            return _page(found, None)
        after = rows[-1].id
    return _page(found, after)


def _page(rows: list[LogLineRow], last_id: int | None) -> LogPage:
    cursor = None if last_id is None else encode_cursor(last_id)
    return LogPage(items=tuple(_entry(row) for row in rows), next_cursor=cursor)


def _entry(row: LogLineRow) -> LogEntry:
    return LogEntry(
        at=row.at,
        version=row.version,
        pod=row.pod,
        run=row.run,
        offset=row.offset,
        text=row.text,
        request_id=row.request_id,
        level=_level(row),
    )


def _level(row: LogLineRow) -> Level | None:
    if row.level == NOT_EXAMINED:
        return level_of(row.text)
    return row.level or None  # type: ignore[return-value]  # as `add_lines` stored it
