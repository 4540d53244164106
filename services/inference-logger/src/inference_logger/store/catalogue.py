"""The catalogue of tables, as SQL."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from inference_logger.domain.tables import KINDS, TableKey, plain_path
from inference_logger.store.delta.commits import CommitResult
from inference_logger.store.tables import PurgeRow, TableRow


async def note_commit(session: AsyncSession, key: TableKey, committed: CommitResult, at: datetime) -> None:
    """Bring a table's entry up to date."""
    row = await session.get(TableRow, committed.location)
    if row is None:
        row = TableRow(
            location=committed.location,
            name=key.name,
            service=key.service,
            kind=key.kind,
            updated_at=at,
        )
        session.add(row)
    row.rows = committed.rows + (0 if committed.is_new else row.rows)
    row.version, row.updated_at = committed.version, at


async def note_foreign_table(session: AsyncSession, key: TableKey, found: CommitResult, at: datetime) -> None:
    """Bring the entry of a table that another service writes up to date: `found` says how many rows there are."""
    await note_commit(session, key, found, at)
    await set_version_and_rows(session, found.location, found.version, found.rows)


async def set_version_and_rows(session: AsyncSession, location: str, version: int, rows: int) -> None:
    """Set an entry to what the table itself says."""
    row = await session.get(TableRow, location)
    if row is not None:
        row.version, row.rows = version, rows


async def note_missing(session: AsyncSession, location: str) -> None:
    """The table's folder is gone. The entry stays: a removal has to know where the table was."""
    await set_version_and_rows(session, location, -1, 0)


async def delete_entry(session: AsyncSession, location: str) -> None:
    """Take an entry out: there is no such table, and none to remove later."""
    row = await session.get(TableRow, location)
    if row is not None:
        await session.delete(row)


async def find_locations(session: AsyncSession) -> frozenset[str]:
    """Where the known tables lie, as plain paths."""
    table: Any = TableRow
    return frozenset(plain_path(found) for found in (await session.execute(select(table.location))).scalars())


async def find_entry(session: AsyncSession, location: str) -> TableRow | None:
    """What the catalogue says of the table there."""
    return await session.get(TableRow, location)


async def is_listed(session: AsyncSession, location: str) -> bool:
    """Whether the catalogue names a table there."""
    return await find_entry(session, location) is not None


async def own_tables(session: AsyncSession, service: str | None = None) -> list[TableRow]:
    """Entries of the tables that the logger writes itself, by name."""
    return [row for row in await find_tables(session, service) if row.kind in KINDS]


async def find_tables(session: AsyncSession, service: str | None = None, name: str | None = None) -> list[TableRow]:
    """Entries, by name; of tables that other services write, too."""
    table: Any = TableRow
    wanted = select(table).order_by(table.name, table.location)
    for column, value in ((table.service, service), (table.name, name)):
        wanted = wanted.where(column == value) if value is not None else wanted
    return list((await session.execute(wanted)).scalars())


async def count_by_service(session: AsyncSession) -> dict[str, int]:
    """Service → how many tables it has."""
    table: Any = TableRow
    found = await session.execute(select(table.service, func.count()).group_by(table.service))
    return {service: count for service, count in found}


async def note_purge(session: AsyncSession, service: str, upto: datetime) -> None:
    """What the service has logged up to then is to be removed; noting it again, or an earlier one, changes nothing."""
    row = await session.get(PurgeRow, service)
    if row is None:
        session.add(PurgeRow(service=service, upto=upto))
    elif row.upto < upto:
        row.upto, row.is_done = upto, False


async def find_purges(session: AsyncSession, *, only_open: bool = False) -> dict[str, datetime]:
    """Service → the time up to which nothing that it logged is kept."""
    table: Any = PurgeRow
    wanted = select(table).where(table.is_done.is_(False)) if only_open else select(table)
    return {row.service: row.upto for row in (await session.execute(wanted)).scalars()}


async def finish_purge(
    session: AsyncSession, service: str, upto: datetime, removed: Collection[str], *, is_done: bool = True
) -> None:
    """The tables at `removed` are gone; `is_done`: nothing older than `upto` is left of the service."""
    for location in removed:
        await delete_entry(session, location)
    purge = await session.get(PurgeRow, service)
    if purge is not None and purge.upto == upto and is_done:
        purge.is_done = True
