"""Log lines: stored once, searched, deleted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, func, literal, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from monitor.store.tables import NOT_EXAMINED, LogLineRow, LogSizeRow
from shared.contracts.metrics.samples import PodOutput
from shared.contracts.rpc.monitor import LogsQuery
from shared.logs.levels import level_of
from shared.text import without_nul

LINE_OVERHEAD = 200
"""Characters that a line takes beside its text: its other columns and three indexes."""
MOST_DELETED = 20_000
"""Lines in one transaction: what is written meanwhile waits for it."""


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
            "text": without_nul(line.text),
            "request_id": line.request_id,
            "level": level_of(line.text) or "",
        }
        for output in outputs
        for line in output.lines
    ]
    if rows:
        dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
        insert = dialect.insert(LogLineRow).on_conflict_do_nothing(index_elements=["pod", "run", "offset"])
        await session.execute(insert, rows)
        await _grow(session, rows)


async def _grow(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    """Repeats, which are rare, are counted again: sizes are about right."""
    grown: Counter[str] = Counter()
    for row in rows:
        grown[row["service"]] += len(row["text"]) + LINE_OVERHEAD
    for service, size in grown.items():
        known = await session.get(LogSizeRow, service)
        if known is None:
            session.add(LogSizeRow(service=service, size=size))
        else:
            known.size += size


async def find_lines(session: AsyncSession, query: LogsQuery, after_id: int | None, limit: int) -> list[LogLineRow]:
    """Lines of a service, newest first or oldest first, from behind `after_id` in that order.

    Expressions are for the caller to look at, as are the levels of lines that are `NOT_EXAMINED`.
    """
    table: Any = LogLineRow
    wanted = select(table).where(table.service == query.service)
    for column, value in ((table.version, query.version), (table.pod, query.pod)):
        wanted = wanted.where(column == value) if value is not None else wanted
    if query.from_time is not None:
        wanted = wanted.where(table.at >= query.from_time)
    if query.to_time is not None:
        wanted = wanted.where(table.at <= query.to_time)
    if query.levels:
        wanted = wanted.where(table.level.in_((*query.levels, NOT_EXAMINED)))
    if query.search:
        wanted = wanted.where(func.lower(table.text).contains(query.search.lower(), autoescape=True))
    if query.request_id is not None:  # a line of a shared batch has the ids of all its requests, with commas
        ids = literal(",").concat(table.request_id).concat(",")
        wanted = wanted.where(table.request_id.is_not(None), ids.contains(f",{query.request_id},", autoescape=True))
    order = table.id.asc() if query.is_oldest_first else table.id.desc()
    if after_id is not None:
        wanted = wanted.where(table.id > after_id if query.is_oldest_first else table.id < after_id)
    return list((await session.execute(wanted.order_by(order).limit(limit))).scalars())


async def find_around(session: AsyncSession, service: str, place: tuple[str, int, int], lines: int) -> list[LogLineRow]:
    """A line, given by pod, run and offset, and `lines` before and after it of its pod, newest first.

    Empty where it is not kept.
    """
    table: Any = LogLineRow
    pod, run, offset = place
    of_pod = select(table).where(table.service == service, table.pod == pod)
    at, position = tuple_(table.run, table.offset), tuple_(literal(run), literal(offset))
    newer = of_pod.where(at > position).order_by(table.run, table.offset).limit(lines)
    older = of_pod.where(at <= position).order_by(table.run.desc(), table.offset.desc()).limit(lines + 1)
    before = list((await session.execute(older)).scalars())
    if not before or (before[0].run, before[0].offset) != (run, offset):
        return []
    return [*reversed(list((await session.execute(newer)).scalars())), *before]


async def delete_lines(session: AsyncSession, before: datetime) -> None:
    """Delete lines that were printed before then."""
    await _delete(session, LogLineRow.at < before)  # type: ignore[arg-type]


async def sizes_of_services(session: AsyncSession) -> dict[str, int]:
    """What the lines of each take, about."""
    return {row.service: row.size for row in (await session.execute(select(LogSizeRow))).scalars()}


async def delete_oldest(session: AsyncSession, service: str, size: int) -> int:
    """Delete the oldest lines of a service until `size` is gone, at most `MOST_DELETED`; what that was, 0 for none."""
    table: Any = LogLineRow
    oldest = select(table.id, func.length(table.text)).where(table.service == service).order_by(table.id)
    last, gone = None, 0
    for line, length in (await session.execute(oldest.limit(MOST_DELETED))).all():
        last, gone = line, gone + length + LINE_OVERHEAD
        if gone >= size:
            break
    if last is None:  # repeats had been counted
        await session.execute(delete(LogSizeRow).where(LogSizeRow.service == service))  # type: ignore[arg-type]
        return 0
    await _delete(session, (table.service == service) & (table.id <= last))
    return gone


async def _delete(session: AsyncSession, condition: ColumnElement[bool]) -> None:
    table: Any = LogLineRow
    size = func.sum(func.length(table.text) + LINE_OVERHEAD)
    for service, gone in (
        await session.execute(select(table.service, size).where(condition).group_by(table.service))
    ).all():
        known = await session.get(LogSizeRow, service)
        if known is not None:
            known.size = max(0, known.size - gone)
    await session.execute(delete(table).where(condition))
