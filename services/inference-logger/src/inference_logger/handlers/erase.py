"""Erasures are carried out: pass by pass over every table of a service, until no file holds the rows any more."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import pyarrow as pa
from deltalake.exceptions import DeltaError

from inference_logger.domain.erasures import Tombstones, next_pass
from inference_logger.domain.object_storage import storage_reason
from inference_logger.domain.tables import KIND, LABELLED, LABELS, PROFILES, is_remote, running_day
from inference_logger.handlers.stores import Stores
from inference_logger.store import catalogue, counts, positions
from inference_logger.store.derived import blocked
from inference_logger.store.erasure.profiles import erase_profile_values
from inference_logger.store.erasure.rows import (
    clear_log,
    erase_labels,
    erase_rows,
    erased_since,
    gone,
    newest_version,
)
from inference_logger.store.erasure.search import find_label_keys, find_record_ids
from inference_logger.store.erasure.state import ErasureState, load_state, save_state
from inference_logger.store.storage import Storage
from inference_logger.store.tables import TableRow
from shared.bus.outbox import publish
from shared.contracts.inference_tables.erasures import ErasureOrder, ErasureReceipt
from shared.errors import NotFound, PenstockError
from shared.events import ErasureFinished

FAILURES = (PenstockError, DeltaError, OSError, pa.ArrowException)
"""What a table can do to an erasure; the last: a file of it is none, or not whole."""
Orders = Callable[[], Awaitable[Sequence[ErasureOrder]]]


@dataclass
class Erasures:
    """Carries out the controller's orders."""

    stores: Stores
    orders: Orders
    files_kept: timedelta

    async def run_once(self) -> None:
        """Look for new orders, and for those whose time has come. Raises `Unavailable` while they cannot be read."""
        orders = await self.orders()
        self.stores.tables.tombstones = Tombstones.of(orders)
        for order in orders:
            if not self.stores.ownership.owns(order.service):
                continue
            async with self.stores.database.read() as session:
                state = await load_state(session, order.id)
            if state.is_finished or (state.next_pass_at and state.next_pass_at > self.stores.clock.now()):
                continue
            await self._pass(order, state)

    async def receipt(self, identity: UUID) -> ErasureReceipt:
        """What became of an order so far; `NotFound` before its first pass."""
        async with self.stores.database.read() as session:
            state = await load_state(session, identity)
        if state.first_pass_at is None:
            raise NotFound("the erasure has not begun")
        return state.receipt()

    async def _pass(self, order: ErasureOrder, state: ErasureState) -> None:
        now = self.stores.clock.now()
        async with self.stores.database.read() as session:
            tables = await catalogue.own_tables(session, service=order.service)
            waiting = [
                *(await positions.find_waiting_tables(session, order.service)).values(),
                *(each for each in (await blocked.find_blocked(session)).values() if each.key.service == order.service),
            ]
        state.waiting_for = next((f"table {each.key.name} waits: {each.reason}" for each in waiting), None)
        record_ids = await self._record_ids(order, tables, state)
        holds_ids = {location for location, found in record_ids.items() if found}
        every = sorted(set().union(*record_ids.values()))
        holds_keys = await self._erase_labels(order, tables, every, state)
        if order.column is None or every:
            # Where the ids were found they go last: a pass that was killed must be able to find them again.
            await self._begin(tables, state)
            for table in sorted(tables, key=lambda each: each.location in holds_ids):
                if table.kind != LABELS and table.location not in holds_keys:
                    await self._erase(table, state, erase_rows, order, every)
        profiles = [table for table in await self._profiles(order.service) if state.minutes]
        await self._begin(profiles, state)
        minutes = [datetime.fromisoformat(minute) for minute in state.minutes]
        for table in profiles:
            await self._erase(table, state, erase_profile_values, order, minutes)
        if now >= order.final_by:
            for table in (*tables, *profiles):
                await self._settle(table, state)
        state.first_pass_at, state.last_pass_at = state.first_pass_at or now, now
        is_whole = state.waiting_for is None
        state.next_pass_at = next_pass(order, state.first_pass_at, now, is_whole=is_whole)
        is_finished = is_whole and now >= order.final_by and state.is_all_gone
        async with self.stores.database.unit_of_work() as session:
            if is_finished:
                state.finished_at = now
                await publish(
                    session,
                    ErasureFinished(service=order.service, erasure_id=order.id, receipt=state.receipt()),
                )
            await save_state(session, state)

    async def _profiles(self, service: str) -> list[TableRow]:
        """The monitor's, of windows of the service's rows."""
        async with self.stores.database.read() as session:
            return [row for row in await catalogue.find_tables(session, service) if row.kind == PROFILES]

    async def _record_ids(
        self, order: ErasureOrder, tables: Sequence[TableRow], state: ErasureState
    ) -> dict[str, set[str]]:
        if order.column is None:
            return {"": set()}
        found: dict[str, set[str]] = {"": set()}
        for table in tables:
            async with self._reached(table, state) as storage:
                found[table.location] = await storage.run(find_record_ids, table.location, order, storage)
        return found

    async def _begin(self, tables: Sequence[TableRow], state: ErasureState) -> None:
        """Note where each table is: what a pass does that is killed is found behind that."""
        for table in tables:
            if table.location not in state.begun:
                async with self._reached(table, state) as storage:
                    state.begun[table.location] = await storage.run(newest_version, table.location, storage)
        async with self.stores.database.unit_of_work() as session:
            await save_state(session, state)

    async def _erase_labels(
        self, order: ErasureOrder, tables: Sequence[TableRow], record_ids: Sequence[str], state: ErasureState
    ) -> set[str]:
        """Labels go before what says whose they are. Returns the places that say so, while some labels are there."""
        labels = [table for table in tables if table.kind == LABELS]
        keys: dict[str, set[tuple[str, str]]] = {}
        for table in tables if labels else ():
            async with self._reached(table, state) as storage:
                keys[table.location] = await storage.run(find_label_keys, table.location, order, record_ids, storage)
        every = set[tuple[str, str]]().union(*keys.values())
        await self._begin(labels, state)
        for table in labels:
            await self._erase(table, state, erase_labels, order, every)
        if state.failed.isdisjoint(table.location for table in labels):
            return set()
        return {location for location, found in keys.items() if found}

    async def _erase(
        self, table: TableRow, state: ErasureState, erase: Callable[..., None], order: ErasureOrder, what: object
    ) -> None:
        """Remove rows from one table."""
        location, tables = table.location, self.stores.tables
        if location not in state.begun:
            return
        async with self._reached(table, state) as storage:
            async with (
                nullcontext() if is_remote(location) else tables.compact_lock,
                tables.service_lock(order.service) if table.kind in {LABELS, LABELLED} else nullcontext(),
            ):
                await storage.run(erase, tables, location, order, what, storage)
            done = await storage.run(erased_since, location, order, state.begun[location], storage)
            state.note(table.name, location, done.rows.total(), done.files)
            state.note_minutes(done.rows)
            async with self.stores.database.unit_of_work() as session:
                await save_state(session, state)
                if table.kind == KIND:
                    rows = {minute: count for minute, count in done.rows.items() if minute is not None}
                    await counts.note_erased(session, table.service, rows)

    @asynccontextmanager
    async def _reached(self, table: TableRow, state: ErasureState) -> AsyncIterator[Storage]:
        """How a table is opened. Where that fails, or what is done with it, the order waits; one may be gone."""
        try:
            yield await self.stores.storages.of(table.location)
        except NotFound:
            state.note_gone(table.location, len(state.files.get(table.location, [])))
        except FAILURES as error:
            state.failed.add(table.location)
            state.waiting_for = f"table {table.name}: {storage_reason(table.location, error)}"

    async def _settle(self, table: TableRow, state: ErasureState) -> None:
        """Nothing but the newest files stays of what is older than files are kept."""
        location = table.location
        async with self._reached(table, state) as storage:
            async with nullcontext() if is_remote(location) else self.stores.tables.compact_lock:
                compact = partial(self.stores.tables.compact, today=running_day(self.stores.clock.now()))
                await storage.run(compact, location, self.files_kept, storage)
                if state.has_touched(location):
                    await storage.run(clear_log, location, storage)
            files = state.files.get(location, [])
            state.note_gone(location, await storage.run(gone, location, files, storage))
