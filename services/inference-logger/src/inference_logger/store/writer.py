"""Appends to tables with a bound of time: storage that hangs keeps its own table waiting, and no other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

from inference_logger.domain.object_storage import storage_reason
from inference_logger.domain.tables import TableKey, TableShare, is_remote
from inference_logger.domain.waiting import error_reason
from inference_logger.store.delta import CommitResult, PayloadTables
from inference_logger.store.storage import LocalStorages, Storages
from shared.errors import PenstockError, UpstreamFailed

THREADS = 32
"""Appends that may hang at once."""
PATIENCE_S = 2.0
"""An append to an object store that takes longer has its destination checked."""
AT_ONCE = 8
"""Appends that are waited for at once: where several tables hang, the others wait for them together."""


class Unwritable(UpstreamFailed):
    """A table cannot be written for now; says why."""


class TableWriter:
    """`PayloadTables.append` in threads. A late append that still ends is as harmless as that of a second logger."""

    def __init__(self, tables: PayloadTables, within: timedelta, storages: Storages | None = None) -> None:
        self.tables = tables
        self._storages = storages or LocalStorages()
        self._within_s = within.total_seconds()
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="append")
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._running: dict[str, asyncio.Future[CommitResult]] = {}

    async def append(
        self, key: TableKey, share: TableShare, app_id: str, upto: int, known: frozenset[str] = frozenset()
    ) -> CommitResult:
        """Append, see `PayloadTables`. Raises `Unwritable` for whatever is wrong: it is this table's alone."""
        location = self.tables.location(key)
        self._require_free(location)
        async with self._turns:
            self._require_free(location)  # its destination may have failed while others had their turn
            try:
                storage = await self._storages.of(location)
            except PenstockError as error:
                raise Unwritable(error_reason(error)) from error
            work = partial(self.tables.append, key, share, app_id, upto, known, storage=storage)
            return await self._append(location, work)

    def is_busy(self, location: str) -> bool:
        """Whether an append to the table has not ended yet, even if nobody waits for it any more."""
        return location in self._running

    def _require_free(self, location: str) -> None:
        if location in self._running:
            raise Unwritable("the storage does not answer; the last append still runs")
        if (why := self._storages.refusal(location)) is not None:
            raise Unwritable(why)

    async def _append(self, location: str, work: Callable[[], CommitResult]) -> CommitResult:
        running = asyncio.get_running_loop().run_in_executor(self._pool, work)
        self._running[location] = running
        running.add_done_callback(lambda done: self._append_finished(location, done))
        await self._wait(location, running)
        try:
            return running.result()
        except Exception as error:
            # An answer of a store may show credentials, and says less than a check of its own.
            is_own = isinstance(error, PenstockError)
            why = await self._storages.check(location) if is_remote(location) and not is_own else None
            raise Unwritable(why or storage_reason(location, error)) from error

    async def _wait(self, location: str, running: asyncio.Future[CommitResult]) -> None:
        """For as long as it may take; for less where its destination turns out to hang."""
        if is_remote(location):
            done, _ = await asyncio.wait({running}, timeout=min(PATIENCE_S, self._within_s))
            if not done and (why := await self._storages.check(location)) is not None and not running.done():
                raise Unwritable(why)
        done, _ = await asyncio.wait({running}, timeout=self._within_s)
        if not done:
            raise Unwritable(f"the storage does not answer within {self._within_s:g} s")

    def _append_finished(self, location: str, done: asyncio.Future[CommitResult]) -> None:
        del self._running[location]
        if not done.cancelled():
            done.exception()  # one that nobody waits for any more is no surprise
