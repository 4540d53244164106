"""One reading of a source, whatever its kind. Blocking: it has a thread of its own, and a bound of time."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from inference_logger.domain.labels.sources import columns_of
from inference_logger.store.sources.delta import DeltaSource
from inference_logger.store.sources.files import Reading, read_files
from inference_logger.store.sources.places import place_of_source
from inference_logger.store.sources.query import SourceQuery
from inference_logger.store.sources.staging import Bounds
from inference_logger.store.storage import LOCAL, Storage
from shared.contracts.inference_tables.label_sources import DatabaseAccess, LabelSource
from shared.errors import UpstreamFailed

T = TypeVar("T")


@dataclass(frozen=True)
class ReadingTask:
    """What is to be read from where on."""

    source: LabelSource
    position: Mapping[str, Any]
    known: Mapping[str, str | None]
    """Files that were read → their identity then; None for one that could not be read a moment ago."""
    storage: Storage = LOCAL
    access: DatabaseAccess | None = None
    is_foreign: Callable[[str], bool] = lambda _location: False
    """Whether a place is in, or around, the tables of another service."""

    def read(self, bounds: Bounds) -> Reading:
        """What is new. Raises `PenstockError`, and what storage raises."""
        source, columns = self.source, columns_of(self.source)
        if source.location is None:
            if source.query is None or self.access is None:
                raise UpstreamFailed("it has neither a location nor a query")
            query = SourceQuery(source.query, source.growing, self.access)
            return query.read(columns, self.position, bounds)
        place = place_of_source(source.location, source.root, self.storage, self.is_foreign)
        if source.format == "delta":
            return DeltaSource(place, self.storage, columns).read(self.position, bounds)
        return read_files(place, source.format, columns, self.known, bounds)


class SourceThreads:
    """A thread for each reading: one that hangs is left alone, keeps its own source waiting, and no other."""

    def __init__(self) -> None:
        self._running: set[UUID] = set()

    async def run(self, source: UUID, work: Callable[[], T], within_s: float, discard: Callable[[T], None]) -> T:
        """Do it. A result that nobody waits for any more is discarded. Raises what it raises; `UpstreamFailed`."""
        if source in self._running:
            raise UpstreamFailed("it does not answer; the last reading still hangs")
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._running.add(source)

        def run() -> None:
            try:
                result = work()
            except BaseException as error:  # noqa: BLE001 - it is raised where the work is waited for
                self._settle(source, done, partial(done.set_exception, error))
            else:
                self._settle(source, done, partial(done.set_result, result), partial(discard, result))

        threading.Thread(target=run, name=f"label source {source}", daemon=True).start()
        try:
            async with asyncio.timeout(within_s):
                return await done
        except TimeoutError as error:
            raise UpstreamFailed(f"it does not answer within {within_s:g} s") from error

    def _settle(
        self,
        source: UUID,
        done: asyncio.Future[T],
        hand_over: Callable[[], None],
        discard: Callable[[], None] = lambda: None,
    ) -> None:
        """From the thread: hand over what it has, or throw it away where nobody waits any more."""

        def settle() -> None:
            self._running.discard(source)
            (discard if done.done() else hand_over)()

        with suppress(RuntimeError):  # the loop is closed: the process ends
            done.get_loop().call_soon_threadsafe(settle)
