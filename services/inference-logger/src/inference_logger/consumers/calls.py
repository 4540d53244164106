"""The bus: facts and calls."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from inference_logger.handlers import queries
from inference_logger.store import catalogue
from inference_logger.store.derived.signatures import save_signature
from inference_logger.store.storage import Storages
from shared.bus import Bus
from shared.contracts.rpc.inference_logger import ROWS, TABLES, RowPage, RowsQuery, TableList, TablesQuery
from shared.database import Database
from shared.events import PodChecked, PodReady, ServiceDeleted

DURABLE = "inference-logger-events"


def subscribe(bus: Bus, database: Database, storages: Storages) -> None:
    """Declare what the inference-logger consumes and answers."""

    async def deleted(event: ServiceDeleted, session: AsyncSession) -> None:
        if event.purge_tables and event.deleted_at is not None:
            await catalogue.note_purge(session, event.service, event.deleted_at)

    async def tables(query: TablesQuery) -> TableList:
        return await queries.list_tables(database, query)

    async def rows(query: RowsQuery) -> RowPage:
        return await queries.list_rows(database, storages, query)

    async def ready(event: PodReady | PodChecked, session: AsyncSession) -> None:
        key = (str(event.version_id), event.generation)
        await save_signature(session, event.service, key, event.signature)

    bus.consume(DURABLE, {ServiceDeleted: deleted, PodReady: ready, PodChecked: ready})
    bus.serve(TABLES, tables)
    bus.serve(ROWS, rows)
