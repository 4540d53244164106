"""Work on the storage of one table with a bound of time: one that hangs keeps itself waiting, and no other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any, TypeVar

from inference_logger.domain.object_storage import storage_reason
from inference_logger.domain.tables import is_remote
from inference_logger.store.storage import Storages
from shared.errors import PenstockError, UpstreamFailed

T = TypeVar("T")

THREADS = 32
"""Pieces of work that may hang at once."""
PATIENCE_S = 2.0
"""Work in an object store that takes longer has its destination checked."""


class Unwritable(UpstreamFailed):
    """A table cannot be written for now; says why."""


class BoundedWork:
    """Runs what writes tables in threads, for each table one at a time.

    Late work that still ends is as harmless as that of a second logger.
    """

    def __init__(self, name: str, within: timedelta, storages: Storages) -> None:
        self._storages = storages
        self._within_s = within.total_seconds()
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix=name)
        self._running: dict[str, asyncio.Future[Any]] = {}

    def is_busy(self, location: str) -> bool:
        """Whether work on the table has not ended yet, even if nobody waits for it any more."""
        return location in self._running

    def require_free(self, location: str) -> None:
        """Raise `Unwritable` where nothing can be written now, as far as it is known."""
        if location in self._running:
            raise Unwritable("the storage does not answer; the last append still runs")
        if (why := self._storages.refusal(location)) is not None:
            raise Unwritable(why)

    async def run(self, location: str, work: Callable[[], T], expected: tuple[type[Exception], ...] = ()) -> T:
        """What `work` returns. Raises `expected` as it is, and `Unwritable` for all else."""
        self.require_free(location)
        running = asyncio.get_running_loop().run_in_executor(self._pool, work)
        self._running[location] = running
        running.add_done_callback(lambda done: self._finished(location, done))
        await self._wait(location, running)
        try:
            return running.result()
        except expected:
            raise
        except Exception as error:
            # An answer of a store may show credentials, and says less than a check of its own.
            is_own = isinstance(error, PenstockError)
            why = await self._storages.check(location) if is_remote(location) and not is_own else None
            raise Unwritable(why or storage_reason(location, error)) from error

    async def _wait(self, location: str, running: asyncio.Future[Any]) -> None:
        """For as long as it may take; for less where its destination turns out to hang."""
        if is_remote(location):
            done, _ = await asyncio.wait({running}, timeout=min(PATIENCE_S, self._within_s))
            if not done and (why := await self._storages.check(location)) is not None and not running.done():
                raise Unwritable(why)
        done, _ = await asyncio.wait({running}, timeout=self._within_s)
        if not done:
            raise Unwritable(f"the storage does not answer within {self._within_s:g} s")

    def _finished(self, location: str, done: asyncio.Future[Any]) -> None:
        del self._running[location]
        if not done.cancelled():
            done.exception()  # one that nobody waits for any more is no surprise
