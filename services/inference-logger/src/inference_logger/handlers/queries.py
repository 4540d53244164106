"""Answers about tables and their rows."""

from __future__ import annotations

import asyncio

from inference_logger.domain.schema import PAYLOAD_SCHEMA
from inference_logger.domain.tables import plain_path
from inference_logger.domain.waiting import WaitingTable
from inference_logger.store import catalogue, positions
from inference_logger.store.delta import read_rows
from inference_logger.store.derived.blocked import find_blocked
from inference_logger.store.storage import Storages
from inference_logger.store.tables import TableRow
from shared.contracts.rpc.inference_logger import RowPage, RowsQuery, TableBlock, TableList, TablesQuery, TableView
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
        location=f"file://{table.location}",
        rows=0,
        version=0,
        status="blocked",
        blocked=_block(table),
    )


def _block(table: WaitingTable) -> TableBlock:
    return TableBlock(reason=table.reason, since=table.since, waiting_rows=table.rows, dropped_rows=table.dropped)


async def list_rows(database: Database, storages: Storages, query: RowsQuery) -> RowPage:
    """Rows of one table, newest first; raises `NotFound`, also for a table whose folder is gone."""
    async with database.read() as session:
        found = await catalogue.find_tables(session, name=query.table)
    if not found:
        raise NotFound(f"no inference table {query.table}")
    asked = {"client_request_id": query.client_request_id, "request_id": query.request_id}
    equal = {name: value for name, value in asked.items() if value is not None}
    for row in sorted(found, key=lambda row: row.updated_at, reverse=True):
        try:
            storage = await storages.of(row.location)
            rows = await asyncio.to_thread(read_rows, row.location, query.limit, equal, storage)
        except NotFound:
            await _note_missing(database, row.location)
        else:
            return RowPage(columns=tuple(PAYLOAD_SCHEMA.names), items=tuple(rows))
    newest = max(found, key=lambda row: row.updated_at)
    raise NotFound(
        f"the folder of inference table {query.table}, {plain_path(newest.location)}, is gone; "
        "the next recorded request makes it anew"
    )


async def _note_missing(database: Database, location: str) -> None:
    async with database.unit_of_work() as session:
        await catalogue.note_missing(session, location)
