"""The stores that the use cases work on, and the facts that they publish."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from inference_logger.domain.accounting import ERASED, lost_records
from inference_logger.domain.derivations import DerivationSchedule
from inference_logger.domain.tables import TableKey
from inference_logger.domain.waiting import WaitingTable
from inference_logger.handlers.replicas.ownership import Ownership
from inference_logger.metrics import TableMetrics
from inference_logger.store import catalogue, counts
from inference_logger.store.delta.commits import CommitResult
from inference_logger.store.delta.payload import PayloadTables
from inference_logger.store.delta.writer import TableWriter
from inference_logger.store.parking import ParkingArea
from inference_logger.store.storage import Storages
from shared.bus.outbox import publish
from shared.clock import Clock
from shared.database import Database
from shared.events import TableBlocked, TableCommitted, TableRecovered, TableRowsDropped


@dataclass(frozen=True)
class DerivationWakeups:
    """Commits to a table wake what is derived from it."""

    schedule: DerivationSchedule
    clock: Clock
    event: asyncio.Event = field(default_factory=asyncio.Event)
    is_stale: asyncio.Event = field(default_factory=asyncio.Event)
    """Other tables are this process' to derive than when they were loaded."""

    def services_changed(self) -> None:
        """Services came, or went to another process."""
        self.is_stale.set()
        self.event.set()

    def take_due(self, owns: Callable[[str], bool]) -> list[TableKey]:
        """Sources that are to be derived from now, of services that this process owns."""
        due = self.schedule.take_due(self.clock.monotonic())
        for source in due:
            if not owns(source.service):
                self.schedule.forget(source)
        return [source for source in due if owns(source.service)]

    def rows_added(self, source: TableKey) -> None:
        """A table has got rows."""
        self.schedule.wake(source, self.clock.monotonic())
        self.event.set()

    async def wait(self) -> None:
        """Until a table is due, or may be."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.schedule.wait_s(self.clock.monotonic())):
                await self.event.wait()
        self.event.clear()


@dataclass(frozen=True)
class Stores:
    """Delta tables, the database, the parking area; metrics and the clock."""

    tables: PayloadTables
    storages: Storages
    writer: TableWriter
    database: Database
    parking: ParkingArea
    derivations: DerivationWakeups
    labelled: DerivationWakeups
    """By inferences table."""
    metrics: TableMetrics
    clock: Clock
    ownership: Ownership


@dataclass(frozen=True)
class CatalogueState:
    """What the database holds of tables and purges, as a batch needs it."""

    purged: Mapping[str, datetime]
    """Service → the time up to which nothing of it is kept."""
    removing: frozenset[str]
    """Services whose tables are being removed."""
    locations: frozenset[str]


async def read_catalogue_state(database: Database) -> CatalogueState:
    """Read it from the database."""
    async with database.read() as session:
        removing = frozenset(await catalogue.find_purges(session, only_open=True))
        return CatalogueState(await catalogue.find_purges(session), removing, await catalogue.find_locations(session))


async def note_commit(session: AsyncSession, key: TableKey, committed: CommitResult, at: datetime) -> None:
    """New rows: update the catalogue and publish `TableCommitted`. What was kept out is accounted for."""
    if committed.erased:
        await counts.note_lost(session, lost_records(committed.erased, key.service, ERASED, at))
    if committed.rows:
        await catalogue.note_commit(session, key, committed, at)
        await publish(
            session,
            TableCommitted(
                service=key.service,
                table=key.name,
                location=committed.location,
                delta_version=committed.version,
                rows=committed.rows,
            ),
        )


def table_blocked(table: WaitingTable) -> TableBlocked:
    """The fact that a table cannot be written."""
    return TableBlocked(service=table.key.service, table=table.key.name, location=table.location, reason=table.reason)


def table_recovered(table: WaitingTable) -> TableRecovered:
    """The fact that a table has every row again."""
    return TableRecovered(
        service=table.key.service, table=table.key.name, location=table.location, blocked_at=table.since
    )


def table_rows_dropped(table: WaitingTable, rows: int, reason: str) -> TableRowsDropped:
    """The fact that records of a table are lost."""
    return TableRowsDropped(
        service=table.key.service, table=table.key.name, location=table.location, rows=rows, reason=reason
    )
