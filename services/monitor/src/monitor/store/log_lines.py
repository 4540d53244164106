"""Log lines: stored once, searched, deleted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, literal, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from monitor.store.tables import LogLineRow
from shared.contracts.rpc.monitor import LogsQuery
from shared.contracts.samples import PodOutput

CHUNK = 500
"""Rows of one INSERT: SQLite allows a limited number of parameters in a statement."""


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


async def delete_lines(session: AsyncSession, before: datetime) -> None:
    """Delete lines that were printed before then."""
    table: Any = LogLineRow
    await session.execute(delete(table).where(table.at < before))
