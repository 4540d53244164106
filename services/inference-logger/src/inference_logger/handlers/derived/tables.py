"""Tables that are derived from others: woken by their commits, exactly once, at nobody else's cost."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import ClassVar, Generic

from inference_logger.domain.derivations import DerivationSchedule
from inference_logger.domain.tables import TableKey
from inference_logger.handlers.derived.blocked import BlockedTables
from inference_logger.handlers.stores import DerivationWakeups, Stores
from inference_logger.store import catalogue
from inference_logger.store.delta.open_tables import OpenTables
from inference_logger.store.derived.runner import DerivationRunner, Done, What


@dataclass
class DerivedTables(ABC, Generic[What, Done]):
    """Those of one kind, and what is going on with each."""

    source_kind: ClassVar[str]
    kind: ClassVar[str]
    owner: ClassVar[str]
    """Whose they are in the metrics."""
    stores: Stores
    runner: DerivationRunner[What, Done]
    _opened: OpenTables = field(default_factory=OpenTables, init=False)
    _blocked: BlockedTables = field(init=False)

    def __post_init__(self) -> None:
        self._blocked = BlockedTables(self.stores, self.kind, self.owner)

    @property
    @abstractmethod
    def wakeups(self) -> DerivationWakeups:
        """What wakes them."""

    @abstractmethod
    def _forget(self) -> None:
        """Another process may have gone on, or begun anew."""

    @abstractmethod
    async def _derive_or_wait(self, source: TableKey) -> None:
        """Bring the table on by one commit, and have the schedule know what became of that."""

    @property
    def schedule(self) -> DerivationSchedule:
        """When which table is due."""
        return self.wakeups.schedule

    async def load(self) -> None:
        """Start from what the database holds: every table may have got rows meanwhile."""
        await self.stores.ownership.wait_until_known()
        self._forget()
        owns = self.stores.ownership.owns
        async with self.stores.database.read() as session:
            rows = await catalogue.own_tables(session)
            await self._blocked.load(session)
        now = self.stores.clock.monotonic()
        for row in rows:
            if row.kind == self.source_kind and row.version >= 0 and owns(row.service):
                self.schedule.wake(self.stores.tables.key_at(row.location, row.service, row.kind), now)
        self._blocked.show()

    def take_due(self) -> list[TableKey]:
        """Sources whose tables are to be brought on now."""
        return self.wakeups.take_due(self.stores.ownership.owns)

    def failed(self, source: TableKey) -> None:
        """It is tried again later."""
        self.schedule.failed(source, self.stores.clock.monotonic())
        self.wakeups.event.set()

    async def derive(self, source: TableKey) -> None:
        """Bring the table on by one commit. Raises `Unavailable` for the database alone."""
        try:
            async with self.stores.tables.service_lock(source.service):
                await self._derive_or_wait(source)
        finally:
            self.wakeups.event.set()  # what is due next may have changed
