"""Derivations in threads of their own, with a bound of time: storage that hangs holds up neither payload nor others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Generic, Protocol, TypeVar

from inference_logger.domain.object_storage import storage_reason
from inference_logger.domain.tables import is_remote
from inference_logger.store.storage import Storages
from inference_logger.store.writer import Unwritable
from shared.errors import NotFound, PenstockError

THREADS = 32
"""Derivations that may hang at once."""
AT_ONCE = 4
"""Derivations that are waited for at once: each may keep a core busy."""


class HasTarget(Protocol):
    """What is derived."""

    @property
    def target(self) -> str:
        """Where its table lies."""
        ...


What = TypeVar("What", bound=HasTarget)
Done = TypeVar("Done")


class DerivationRunner(Generic[What, Done]):
    """`work` in threads. A late append that still ends is as harmless as that of a second logger."""

    def __init__(self, within: timedelta, storages: Storages, work: Callable[[What], Done]) -> None:
        self._within_s = within.total_seconds()
        self._storages = storages
        self._work = work
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="derive")
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._running: dict[str, asyncio.Future[Done]] = {}

    async def run(self, derivation: What, expected: tuple[type[Exception], ...] = ()) -> Done:
        """Derive the next piece. Raises `NotFound` for the source, `expected`, and `Unwritable` for all else."""
        location = derivation.target
        async with self._turns:
            self._require_free(location)
            running = asyncio.get_running_loop().run_in_executor(self._pool, self._work, derivation)
            self._running[location] = running
            running.add_done_callback(lambda done: self._finished(location, done))
            done, _ = await asyncio.wait({running}, timeout=self._within_s)
        if not done:
            raise Unwritable(f"the storage does not answer within {self._within_s:g} s")
        try:
            return running.result()
        except Exception as error:
            if isinstance(error, (NotFound, *expected)):
                raise
            # An answer of a store may show credentials, and says less than a check of its own.
            is_own = isinstance(error, PenstockError)
            why = await self._storages.check(location) if is_remote(location) and not is_own else None
            raise Unwritable(why or storage_reason(location, error)) from error

    def _require_free(self, location: str) -> None:
        if location in self._running:
            raise Unwritable("the storage does not answer; the last append still runs")
        if (why := self._storages.refusal(location)) is not None:
            raise Unwritable(why)

    def _finished(self, location: str, done: asyncio.Future[Done]) -> None:
        del self._running[location]
        if not done.cancelled():
            done.exception()  # one that nobody waits for any more is no surprise
