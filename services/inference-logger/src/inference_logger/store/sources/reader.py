"""One reading of a source, whatever its kind. Blocking: it has a thread of its own, and a bound of time."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from inference_logger.domain.labels.sources import columns_of
from inference_logger.store.sources.files import Reading, read_files
from inference_logger.store.sources.places import place_of_source
from inference_logger.store.sources.staging import Bounds
from inference_logger.store.storage import LOCAL, Storage
from shared.contracts.label_sources import DatabaseAccess, LabelSource
from shared.errors import UpstreamFailed

T = TypeVar("T")


@dataclass(frozen=True)
class ReadingTask:
    """What is to be read from where on."""

    source: LabelSource
    position: Mapping[str, Any]
    known: Mapping[str, str]
    """Files that were read → their identity then."""
    skip: frozenset[str] = frozenset()
    """Files that could not be read a moment ago."""
    storage: Storage = LOCAL
    access: DatabaseAccess | None = None

    def read(self, bounds: Bounds) -> Reading:
        """What is new. Raises `PenstockError`, and what storage raises."""
        source, columns = self.source, columns_of(self.source)
        assert source.location is not None
        place = place_of_source(source.location, source.root, self.storage)
        return read_files(place, source.format, columns, self.known, bounds, self.skip)


class SourceThreads:
    """A thread for each reading: one that hangs is left alone, keeps its own source waiting, and no other."""

    def __init__(self) -> None:
        self._running: set[UUID] = set()

    async def run(self, source: UUID, work: Callable[[], T], within_s: float, discard: Callable[[T], None]) -> T:
        """Do it. A result that nobody waits for any more is discarded. Raises what it raises; `UpstreamFailed`."""
        if source in self._running:
            raise UpstreamFailed("it does not answer; the last reading still hangs")
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()
        self._running.add(source)

        def settle(set_it: Callable[[Any], None], what: Any, *, is_result: bool) -> None:
            self._running.discard(source)
            if not done.done():
                set_it(what)
            elif is_result:
                discard(what)

        def run() -> None:
            try:
                result = work()
            except BaseException as error:  # noqa: BLE001 - it is raised where the work is waited for
                call, what, is_result = done.set_exception, error, False
            else:
                call, what, is_result = done.set_result, result, True
            with suppress(RuntimeError):  # the loop is closed: the process ends
                loop.call_soon_threadsafe(lambda: settle(call, what, is_result=is_result))

        threading.Thread(target=run, name=f"label source {source}", daemon=True).start()
        try:
            async with asyncio.timeout(within_s):
                return await done
        except TimeoutError as error:
            raise UpstreamFailed(f"it does not answer within {within_s:g} s") from error
