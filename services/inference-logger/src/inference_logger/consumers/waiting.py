"""Tables that wait are tried again, catch up, and have their records parked, up to a second in each turn."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace

from nats.js import JetStreamContext

from inference_logger.domain.streams import Checkpoint
from inference_logger.domain.waiting import RetrySchedule, WaitingTable, waiting_allowance
from inference_logger.handlers.park import park_records
from inference_logger.handlers.recover import note_reason, recover_table
from inference_logger.handlers.stores import Stores
from inference_logger.store.delta.bounded import Unwritable

log = logging.getLogger(__name__)

TURN_S = 1.0
"""What tables that catch up may take before the next batch of the others."""


class WaitingTableRetries:
    """The tables that wait, by location, and when each is tried again."""

    def __init__(self, stores: Stores, waiting_bytes: int | None) -> None:
        self.stores = stores
        self.tables: dict[str, WaitingTable] = {}
        self._waiting_bytes = waiting_bytes
        self._stream_cap = 0
        self._retries: dict[str, RetrySchedule] = {}

    def load(self, tables: Mapping[str, WaitingTable], stream_cap: int) -> None:
        """Start from what the database holds; after a restart each table is tried at once."""
        self._stream_cap = stream_cap
        self.tables, self._retries = dict(tables), {}
        self._show()

    def update(self, changed: Mapping[str, WaitingTable]) -> None:
        """After a batch: tables that are new here, or that more records wait for."""
        now = self._now()
        for location in changed.keys() - self.tables.keys():
            self._retries[location] = RetrySchedule().after_failure(now)
        self.tables |= changed
        self._show()

    async def recover_and_park(self, js: JetStreamContext, checkpoint: Checkpoint) -> None:
        """Let each due table catch up, then park what exceeds its allowance. Raises `Unavailable` (bus, database)."""
        if not self.tables:
            return
        until = self._now() + TURN_S
        for location in list(self.tables):
            await self._catch_up(js, location, self._upto(location, checkpoint), until)
        for location in list(self.tables):
            await self._park(js, location, self._upto(location, checkpoint), until)
        self._show()

    def _upto(self, location: str, checkpoint: Checkpoint) -> Checkpoint:
        """Where the other tables of its service are: another replica may have been further than this one."""
        floor = self.stores.ownership.floor(self.tables[location].key.service)
        return checkpoint if floor <= checkpoint.sequence else replace(checkpoint, sequence=floor)

    async def _catch_up(self, js: JetStreamContext, location: str, checkpoint: Checkpoint, until: float) -> None:
        refusal = self.stores.storages.refusal(location)
        if refusal is not None and self.tables[location].successor is None:
            await self._note_reason(self.tables[location], refusal)  # no try: it comes as soon as its destination works
            return
        retry = self._retries.get(location, RetrySchedule())
        while (table := self.tables.get(location)) is not None and retry.at <= self._now() <= until:
            try:
                after = await recover_table(self.stores, js, table, checkpoint)
            except Unwritable as error:
                self._retries[location] = retry.after_failure(self._now())
                await self._note_reason(table, error.message)
                return
            if after is None:
                del self.tables[location]
                self._retries.pop(location, None)
            else:
                self.tables[location] = after
                self._retries[location] = retry = RetrySchedule()

    async def _note_reason(self, table: WaitingTable, reason: str) -> None:
        if reason != table.reason:
            log.warning("table %s at %s still waits: %s", table.key.name, table.location, reason)
            self.tables[table.location] = changed = replace(table, reason=reason)
            await note_reason(self.stores, changed)

    async def _park(self, js: JetStreamContext, location: str, checkpoint: Checkpoint, until: float) -> None:
        while self._is_over(table := self.tables[location]) and self._now() <= until:
            parked = await park_records(self.stores, js, table, checkpoint)
            self.tables[location] = parked
            if parked.read_from == table.read_from:
                return

    def _is_over(self, table: WaitingTable) -> bool:
        share = (
            waiting_allowance(self._stream_cap, len(self.tables))
            if self._waiting_bytes is None
            else self._waiting_bytes
        )
        return share > 0 and table.stream_bytes > share

    def _now(self) -> float:
        return self.stores.clock.monotonic()

    def _show(self) -> None:
        self.stores.metrics.set_waiting(self.tables.values())
