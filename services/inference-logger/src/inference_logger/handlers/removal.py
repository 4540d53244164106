"""Tables are removed with the services that they belong to.

Local ones at once, while nothing is written. Those in object stores take longer: each has a task of its own, and until
it is done the tables of that service wait.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from datetime import datetime

from deltalake.exceptions import DeltaError

from inference_logger.domain.object_storage import storage_reason
from inference_logger.domain.tables import KINDS, METRIC_KINDS, TableKey, is_remote
from inference_logger.handlers.stores import Stores
from inference_logger.store import catalogue, counts, positions
from inference_logger.store.derived.blocked import delete_blocked, find_blocked
from inference_logger.store.derived.signatures import delete_signatures
from inference_logger.store.labels.uploads import forget_receipts
from inference_logger.store.removal import remove_remote_table, remove_table
from shared.errors import PenstockError

log = logging.getLogger(__name__)

Place = tuple[str, datetime, str]
"""Service, up to when, location."""


@dataclass
class TableRemoval:
    """Removals under way, and what is done of those that are not finished."""

    stores: Stores
    _done: dict[Place, bool] = field(default_factory=dict)
    """Whether the table is gone: it is not where it has younger rows."""
    _running: dict[Place, asyncio.Task[bool]] = field(default_factory=dict)
    _failed: dict[Place, str] = field(default_factory=dict)

    async def run_once(self) -> int:
        """Remove the tables of services that were deleted with them; returns how many services these were."""
        async with self.stores.database.read() as session:
            found = await catalogue.find_purges(session, only_open=True)
        open_purges = {service: upto for service, upto in found.items() if self.stores.ownership.owns(service)}
        for service, upto in open_purges.items():
            await self._remove(service, upto)
        return len(open_purges)

    async def _remove(self, service: str, upto: datetime) -> None:
        tables = self.stores.tables
        async with tables.compact_lock, tables.service_lock(service), tables.append_lock:
            places = [(service, upto, location) for location in await self._locations(service)]
            for place in places:
                if not is_remote(place[2]) and place not in self._done:
                    self._done[place] = await asyncio.to_thread(remove_table, place[2], service, upto)
                elif is_remote(place[2]):
                    self._follow(place)
            is_done = all(place in self._done for place in places)
            removed = [place[2] for place in places if self._done.get(place)]
            async with self.stores.database.unit_of_work() as session:
                await catalogue.finish_purge(session, service, upto, removed, is_done=is_done)
                await delete_signatures(session, service)
                await forget_receipts(session, service, upto)
                for location in removed:
                    await delete_blocked(session, location)
                await counts.forget_service(session, service, upto)
        if is_done:
            for place in places:
                del self._done[place]

    async def _locations(self, service: str) -> list[str]:
        """The catalogue's, those that wait, and those under the default root, which a lost catalogue forgot."""
        async with self.stores.database.read() as session:
            listed = [row.location for row in await catalogue.find_tables(session, service=service)]
            blocked = {**await positions.find_waiting_tables(session, service), **await find_blocked(session, service)}
        own = (self.stores.tables.location(TableKey(service, kind=kind)) for kind in (*KINDS, *METRIC_KINDS))
        return list(dict.fromkeys((*listed, *blocked, *own)))

    def _follow(self, place: Place) -> None:
        """Begin with a table in an object store, or see how far it is; what fails is tried again the next time."""
        if place in self._done:
            return
        running = self._running.get(place)
        if running is not None and running.done():
            del self._running[place]
            try:
                self._done[place] = running.result()
            except (PenstockError, DeltaError, OSError) as error:
                self._note_failure(place, storage_reason(place[2], error))
        elif running is None and self._may_begin(place[2]):
            self._running[place] = asyncio.create_task(self._remove_remote(*place), name=f"remove {place[2]}")

    def _may_begin(self, location: str) -> bool:
        return self.stores.storages.refusal(location) is None and not self.stores.writer.is_busy(location)

    def _note_failure(self, place: Place, why: str) -> None:
        if self._failed.get(place) != why:
            self._failed[place] = why
            log.warning("the table of deleted service %s at %s is not removed yet: %s", place[0], place[2], why)

    async def _remove_remote(self, service: str, upto: datetime, location: str) -> bool:
        storage = await self.stores.storages.of(location)

        def remove() -> bool:
            with self.stores.tables.fence.lock(location):
                return remove_remote_table(location, service, upto, storage)

        return await storage.run(remove)
