"""Derived tables of one kind that cannot be written for now. An event says when that begins, another when it ends."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncSession

from inference_logger.domain.tables import TableKey
from inference_logger.domain.waiting import WaitingTable
from inference_logger.handlers.stores import Stores, table_blocked, table_recovered
from inference_logger.store.derived.blocked import delete_blocked, find_blocked, save_blocked
from shared.bus.outbox import publish

log = logging.getLogger(__name__)


@dataclass
class BlockedTables:
    """Those of `kind` that this process writes; `owner` is whose they are in the metrics."""

    stores: Stores
    kind: str
    owner: str
    _tables: dict[str, WaitingTable] = field(default_factory=dict)
    """By location."""

    async def load(self, session: AsyncSession) -> None:
        """Start from what the database holds."""
        owns, found = self.stores.ownership.owns, await find_blocked(session)
        own = {
            place: table for place, table in found.items() if table.key.kind == self.kind and owns(table.key.service)
        }
        self._tables = own

    def at(self, location: str) -> WaitingTable | None:
        """The one at that place."""
        return self._tables.get(location)

    def needs_note(self, key: TableKey, location: str, reason: str) -> bool:
        """Whether it is this process' to say, and was not said before."""
        before = self._tables.get(location)
        return self.stores.ownership.may_write(key.service) and (before is None or before.reason != reason)

    async def note(self, key: TableKey, location: str, reason: str, rows: int = 0) -> None:
        """It cannot be written; `rows` wait for it. The event comes once, the reason is kept up to date."""
        before = self._tables.get(location)
        since = before.since if before else self.stores.clock.now()
        table = WaitingTable(key, location, "", 0, reason, since, rows=rows)
        log.warning("table %s at %s cannot be written, it waits: %s", key.name, location, reason)
        async with self.stores.database.unit_of_work() as session:
            await save_blocked(session, table)
            if before is None:
                await publish(session, table_blocked(table))
        self._tables[location] = table
        self.show()

    async def note_recovered(self, session: AsyncSession, table: WaitingTable) -> None:
        """It has everything again; `forget` it once that is committed."""
        await delete_blocked(session, table.location)
        await publish(session, table_recovered(table))

    def forget(self, table: WaitingTable) -> None:
        """After `note_recovered`."""
        log.info("table %s at %s has everything again", table.key.name, table.location)
        del self._tables[table.location]
        self.show()

    def show(self) -> None:
        """Of each table, since when it waits."""
        self.stores.metrics.set_waiting(self._tables.values(), self.owner)
