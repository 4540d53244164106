"""Use cases of the inference-logger: commit a batch, answer about tables and rows, keep tables tidy."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from inference_logger.domain import PAYLOAD_SCHEMA, Received, TableKey, share_out, table_name
from inference_logger.store import catalogue
from inference_logger.store.delta import Committed, PayloadTables, read_rows, version_and_rows
from inference_logger.store.removal import remove
from shared.bus.outbox import publish
from shared.contracts.rpc import RowPage, RowsQuery, TableList, TablesQuery, TableView
from shared.database import Database
from shared.errors import NotFound
from shared.events import TableCommitted


@dataclass(frozen=True)
class Position:
    """Where in which stream: `stream` names the stream and when it was made."""

    stream: str
    sequence: int


def app_id(stream: str, service: str) -> str:
    """Name of the application transaction that counts this service's rows of this stream."""
    return f"penstock:{stream}:{service}"


async def commit(
    tables: PayloadTables, database: Database, messages: Sequence[Received], upto: Position, at: datetime
) -> int:
    """Append a batch to its tables, then note it. May be repeated, and killed anywhere, without a row lost or doubled.

    What a service had logged before it was deleted with its tables is left out. Returns how many rows were new.
    """
    async with tables.appending:
        return await _commit(tables, database, messages, upto, at)


async def _commit(
    tables: PayloadTables, database: Database, messages: Sequence[Received], upto: Position, at: datetime
) -> int:
    async with database.read() as session:
        purged = await catalogue.purges(session)
    done: list[tuple[TableKey, Committed]] = []
    for key, share in sorted(share_out(messages).items(), key=lambda item: item[0]):
        kept = share.after(purged[key.service]) if key.service in purged else share
        name = app_id(upto.stream, key.service)
        if kept.records or kept.retried:
            done.append((key, await asyncio.to_thread(tables.append, key, kept, name, upto.sequence)))
    async with database.unit_of_work() as session:
        for key, committed in done:
            if committed.rows:
                await catalogue.note_commit(session, key, committed, at)
                await publish(session, _fact(key, committed))
        await catalogue.set_checkpoint(session, upto.stream, upto.sequence, at)
    return sum(committed.rows for _, committed in done)


def _fact(key: TableKey, committed: Committed) -> TableCommitted:
    return TableCommitted(
        service=key.service,
        table=table_name(key.service),
        location=committed.location,
        delta_version=committed.version,
        rows=committed.rows,
    )


async def list_tables(database: Database, query: TablesQuery) -> TableList:
    """Inference tables, by name."""
    async with database.read() as session:
        rows = await catalogue.tables(session, service=query.service)
    return TableList(
        items=tuple(
            TableView(
                name=row.name,
                service=row.service,
                kind=row.kind,
                location=row.location,
                rows=row.rows,
                version=row.version,
                updated_at=row.updated_at,
            )
            for row in rows
        )
    )


async def read(database: Database, query: RowsQuery) -> RowPage:
    """Rows of one table, newest first; raises `NotFound`."""
    async with database.read() as session:
        found = await catalogue.tables(session, name=query.table)
    if not found:
        raise NotFound(f"no inference table {query.table}")
    newest = max(found, key=lambda row: row.updated_at)
    asked = {"client_request_id": query.client_request_id, "request_id": query.request_id}
    equal = {name: value for name, value in asked.items() if value is not None}
    rows = await asyncio.to_thread(read_rows, newest.location, query.limit, equal)
    return RowPage(columns=tuple(PAYLOAD_SCHEMA.names), items=tuple(rows))


async def tidy(tables: PayloadTables, database: Database, kept: timedelta) -> None:
    """Compact every table and set its entry to what it says of itself."""
    async with database.read() as session:
        found = [(row.location, row.version) for row in await catalogue.tables(session)]
    for location, _ in found:
        async with tables.tidying:
            await _tidy(tables, database, location, kept)


async def _tidy(tables: PayloadTables, database: Database, location: str, kept: timedelta) -> None:
    async with database.read() as session:
        if not await catalogue.is_listed(session, location):
            return
    await asyncio.to_thread(tables.compact, location, kept)
    version, rows, _at = await asyncio.to_thread(version_and_rows, location)
    async with database.unit_of_work() as session:
        await catalogue.correct(session, location, version, rows)


async def remove_purged(tables: PayloadTables, database: Database) -> int:
    """Remove the tables of services that were deleted with them; returns how many services these were."""
    async with database.read() as session:
        waiting = await catalogue.purges(session, only_open=True)
    for service, upto in waiting.items():
        async with tables.tidying, tables.appending:
            await _remove_tables(tables, database, service, upto)
    return len(waiting)


async def _remove_tables(tables: PayloadTables, database: Database, service: str, upto: datetime) -> None:
    """Those in the catalogue, and the one under the default root, which a lost catalogue would not name."""
    async with database.read() as session:
        listed = [row.location for row in await catalogue.tables(session, service=service)]
    places = dict.fromkeys((*listed, tables.location(TableKey(service))))
    removed = [place for place in places if await asyncio.to_thread(remove, place, service, upto)]
    async with database.unit_of_work() as session:
        await catalogue.finish_purge(session, service, upto, removed)
