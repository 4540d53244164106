"""The bus: facts and calls."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from inference_logger.domain.tables import TableKey, listed_location
from inference_logger.handlers import destinations
from inference_logger.handlers.erase import Erasures
from inference_logger.handlers.reading import queries
from inference_logger.handlers.reading.accounting import LogAccounting
from inference_logger.handlers.reading.reader import TableReader
from inference_logger.store import catalogue
from inference_logger.store.delta.commits import CommitResult
from inference_logger.store.derived.signatures import list_signatures, save_signature
from inference_logger.store.destinations.registry import DestinationRegistry
from inference_logger.store.erasure.state import find_begun
from shared.bus import Bus
from shared.clock import Clock
from shared.contracts.base import Contract
from shared.contracts.chunks import ChunkStream
from shared.contracts.inference_tables.erasures import ErasureIds, ErasureQuery, ErasureReceipt, ErasureTerms
from shared.contracts.rpc.inference_logger.signatures import SIGNATURES, SignatureList, SignaturesQuery
from shared.contracts.rpc.inference_logger.tables import (
    ACCOUNTING,
    DESTINATION_STATES,
    ERASURE_RECEIPT,
    ERASURE_TERMS,
    ERASURES_BEGUN,
    READ,
    ROWS,
    TABLE,
    TABLES,
    TEST_DESTINATION,
    AccountingPage,
    AccountingQuery,
    DestinationQuery,
    DestinationStates,
    DestinationTest,
    ReadQuery,
    RowPage,
    RowsQuery,
    TableDetails,
    TableList,
    TableQuery,
    TablesQuery,
)
from shared.contracts.rpc.method import Nothing
from shared.contracts.rpc.quality import NOTE_METRIC_TABLE, MetricTable
from shared.database import Database
from shared.events import PodChecked, PodReady, ServiceDeleted

DURABLE = "inference-logger-events"


def subscribe(bus: Bus, database: Database, reader: TableReader, accounting: LogAccounting) -> None:
    """Declare what the inference-logger consumes and answers."""

    async def deleted(event: ServiceDeleted, session: AsyncSession) -> None:
        if event.purge_tables and event.deleted_at is not None:
            await catalogue.note_purge(session, event.service, event.deleted_at)

    async def tables(query: TablesQuery) -> TableList:
        return await queries.list_tables(database, query)

    async def table(query: TableQuery) -> TableDetails:
        return await queries.table_details(reader, query)

    async def rows(query: RowsQuery) -> RowPage:
        return await queries.list_rows(reader, query)

    async def read(query: ReadQuery) -> ChunkStream:
        return await bus.offer_chunks(await reader.open(query))

    async def account(query: AccountingQuery) -> AccountingPage:
        return await accounting.account(query)

    bus.consume(DURABLE, {ServiceDeleted: deleted, PodReady: _note_signature, PodChecked: _note_signature})
    bus.serve(TABLES, tables)
    bus.serve(TABLE, table)
    bus.serve(ROWS, rows)
    bus.serve(READ, read)
    bus.serve(ACCOUNTING, account)


def serve_metric_tables(bus: Bus, database: Database, clock: Clock) -> None:
    """List the tables of profiles and drift that the monitor writes."""

    async def note(table: MetricTable) -> Nothing:
        async with database.unit_of_work() as session:
            key = TableKey(table.service, kind=table.kind)
            found = CommitResult(location=listed_location(table.location), version=table.version, rows=table.rows)
            await catalogue.note_foreign_table(session, key, found, clock.now())
        return Nothing()

    bus.serve(NOTE_METRIC_TABLE, note)


def serve_signatures(bus: Bus, database: Database) -> None:
    """Answer what models said of their columns."""

    async def signatures(query: SignaturesQuery) -> SignatureList:
        async with database.read() as session:
            return await list_signatures(session, query.service)

    bus.serve(SIGNATURES, signatures)


async def _note_signature(event: PodReady | PodChecked, session: AsyncSession) -> None:
    key = (str(event.version_id), event.generation)
    await save_signature(session, event.service, key, event.signature)


def serve_destinations(bus: Bus, database: Database, registry: DestinationRegistry, clock: Clock) -> None:
    """Answer how destinations do."""

    async def states(_: Contract) -> DestinationStates:
        return await destinations.destination_states(registry, database)

    async def test(query: DestinationQuery) -> DestinationTest:
        return await destinations.examine_destination(registry, query.name, clock)

    bus.serve(DESTINATION_STATES, states)
    bus.serve(TEST_DESTINATION, test)


def serve_erasures(bus: Bus, erasures: Erasures, terms: ErasureTerms) -> None:
    """Answer how long rows may outlive an erasure, and which have begun, and what became of one."""

    async def told(_: Contract) -> ErasureTerms:
        return terms

    async def receipt(query: ErasureQuery) -> ErasureReceipt:
        return await erasures.receipt(query.id)

    async def begun(query: ErasureIds) -> ErasureIds:
        async with erasures.stores.database.read() as session:
            return ErasureIds(ids=await find_begun(session, query.ids))

    bus.serve(ERASURE_TERMS, told)
    bus.serve(ERASURES_BEGUN, begun)
    bus.serve(ERASURE_RECEIPT, receipt)
