"""Answers about tables and their rows."""

from __future__ import annotations

from contextlib import aclosing

from inference_logger.domain.tables import is_remote, plain_path
from inference_logger.domain.waiting import WaitingTable
from inference_logger.handlers.reading.reader import TableReader
from inference_logger.store import catalogue, positions
from inference_logger.store.derived.blocked import find_blocked
from inference_logger.store.tables import TableRow
from shared.contracts.rpc.inference_logger.tables import (
    ReadQuery,
    RowPage,
    RowsQuery,
    TableBlock,
    TableDetails,
    TableList,
    TableQuery,
    TablesQuery,
    TableView,
)
from shared.database import Database
from shared.errors import NotFound


async def list_tables(database: Database, query: TablesQuery) -> TableList:
    """Inference tables, by name; those that wait with their reason, and those among them that were never written."""
    async with database.read() as session:
        rows = await catalogue.find_tables(session, service=query.service)
        waiting = await positions.find_waiting_tables(session, query.service)
        waiting |= await find_blocked(session, query.service)
    views = [_view(row, waiting.pop(plain_path(row.location), None)) for row in rows]
    views += [_never_written(table) for table in waiting.values()]
    return TableList(items=tuple(sorted(views, key=lambda view: (view.name, view.location))))


def _view(row: TableRow, waiting: WaitingTable | None) -> TableView:
    is_missing = row.version < 0
    return TableView(
        name=row.name,
        service=row.service,
        kind=row.kind,
        location=row.location,
        rows=row.rows,
        version=max(row.version, 0),
        updated_at=row.updated_at,
        status="blocked" if waiting else "missing" if is_missing else "ok",
        blocked=_block(waiting) if waiting else None,
    )


def _never_written(table: WaitingTable) -> TableView:
    return TableView(
        name=table.key.name,
        service=table.key.service,
        kind=table.key.kind,
        location=table.location if is_remote(table.location) else f"file://{table.location}",
        rows=0,
        version=0,
        status="blocked",
        blocked=_block(table),
    )


def _block(table: WaitingTable) -> TableBlock:
    return TableBlock(reason=table.reason, since=table.since, waiting_rows=table.rows, dropped_rows=table.dropped)


async def list_rows(reader: TableReader, query: RowsQuery) -> RowPage:
    """Rows of one table, newest first; raises `NotFound`, also for a table whose folder is gone."""
    asked = {"client_request_id": query.client_request_id, "request_id": query.request_id}
    equal = {name: value for name, value in asked.items() if value is not None}
    async with aclosing(await reader.open(ReadQuery(table=query.table, page_size=query.limit, equal=equal))) as chunks:
        return RowPage.model_validate_json(b"".join([chunk async for chunk in chunks]))


async def table_details(reader: TableReader, query: TableQuery) -> TableDetails:
    """One table, opened. Raises `NotFound`."""
    found = await list_tables(reader.database, TablesQuery(service=query.table.partition(".")[0]))
    named = [view for view in found.items if view.name == query.table]
    if not named:
        raise NotFound(f"no inference table {query.table}")
    newest = max(named, key=lambda view: (view.updated_at is not None, view.updated_at))
    return TableDetails(**newest.model_dump()) if newest.updated_at is None else await reader.details(newest)
