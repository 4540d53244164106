"""One run of a label source: what is new is read, then taken, and how far that goes is kept with it.

What was taken before its position was kept is read again: the labels' own history takes it once.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from uuid import UUID

import pyarrow as pa

from inference_logger.domain.labels.sources import (
    MOST_REASONS,
    SourceProgress,
    columns_of,
    last_of_each,
    overlaps_others,
)
from inference_logger.domain.labels.tabular import read_table
from inference_logger.domain.labels.values import ParsedLabels
from inference_logger.domain.object_storage import storage_reason
from inference_logger.domain.tables import is_remote
from inference_logger.handlers.labels.intake import CLOCK_SKEW, LabelIntake
from inference_logger.store import catalogue
from inference_logger.store.sources.files import Reading
from inference_logger.store.sources.reader import ReadingTask, SourceThreads
from inference_logger.store.sources.staging import Bounds
from inference_logger.store.sources.state import (
    forget_files,
    known_files,
    load_progress,
    note_files,
    save_progress,
)
from inference_logger.store.storage import LOCAL
from shared.contracts.inference_tables.label_sources import DatabaseAccess, LabelSource
from shared.contracts.rpc.inference_logger.labels import LabelReceipt
from shared.errors import PenstockError, Unavailable, UpstreamFailed

AT_ONCE = 2
"""Sources whose labels are taken at once."""


class SourceCalls(Protocol):
    """What the controller is asked."""

    async def label_sources(self) -> Sequence[LabelSource]:
        """All that are defined."""
        ...

    async def label_source_access(self, source: UUID) -> DatabaseAccess:
        """How the database of one is reached."""
        ...


@dataclass(frozen=True)
class SourceLimits:
    """Of one reading; what is read lies in `folder` until it is taken."""

    folder: Path
    most_bytes: int
    within_s: float


@dataclass
class RunCounts:
    """What a run has read and changed so far."""

    rows: int = 0
    new: int = 0
    corrected: int = 0
    unmatched: int = 0
    rejected: int = 0
    reasons: list[str] = field(default_factory=list)
    position: str | None = None

    def add(self, parsed: ParsedLabels, receipt: LabelReceipt) -> None:
        """Some rows were taken."""
        self.rows += parsed.received
        self.new += receipt.changed - receipt.corrected
        self.corrected += receipt.corrected
        self.unmatched += receipt.waiting
        self.rejected += len(parsed.rejected)
        for one in parsed.rejected[: MOST_REASONS - len(self.reasons)]:
            self.reasons.append(f"row {one.row}: {one.reason}")


@dataclass
class SourceReader:
    """Reads sources, each on its own."""

    intake: LabelIntake
    calls: SourceCalls
    limits: SourceLimits
    threads: SourceThreads = field(default_factory=SourceThreads)
    _turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    async def read(self, source: LabelSource, counts: RunCounts) -> SourceProgress:
        """Take all that is new. Raises `PenstockError`, whose message says what is wrong, for what could not be."""
        failures: list[str] = []
        skip: frozenset[str] = frozenset()
        while True:
            progress, known = await self._begin(source)
            reading = await self._stage(source, progress, {**known, **dict.fromkeys(skip)})
            try:
                await self._take(source, reading, counts)
            finally:
                reading.stage.close()
            progress.position = dict(reading.position)
            async with self.intake.stores.database.unit_of_work() as session:
                await note_files(session, source.id, reading.files, reading.gone)
                await save_progress(session, source, progress)
            counts.position = position_text(progress.position)
            failures += reading.failures
            skip |= reading.failed
            if reading.is_complete:
                break
        if failures:
            raise UpstreamFailed("; ".join(failures))
        return progress

    async def _foreign(self, service: str) -> Callable[[str], bool]:
        """Whoever may read the labels of one service may not read the tables of another one by them."""
        stores = self.intake.stores
        async with stores.database.read() as session:
            tables = [(row.service, row.location) for row in await catalogue.find_tables(session)]
        return lambda location: overlaps_others(location, service, tables, stores.tables.default_root)

    async def _begin(self, source: LabelSource) -> tuple[SourceProgress, dict[str, str]]:
        async with self.intake.stores.database.unit_of_work() as session:
            progress, is_new = await load_progress(session, source)
            if is_new:
                await forget_files(session, source.id)
                await save_progress(session, source, progress)
            return progress, await known_files(session, source.id)

    async def _stage(self, source: LabelSource, progress: SourceProgress, known: Mapping[str, str | None]) -> Reading:
        storage, access = LOCAL, None
        if source.location is None:
            access = await self.calls.label_source_access(source.id)
        elif is_remote(source.location):
            storage = await self.intake.stores.storages.of(source.location)
        limits = self.limits
        foreign = await self._foreign(source.service)
        task = ReadingTask(source, progress.position, known, storage, access, foreign)
        bounds = Bounds(limits.folder, limits.most_bytes, time.monotonic() + limits.within_s)
        try:
            return await self.threads.run(
                source.id, lambda: task.read(bounds), limits.within_s + 1, lambda done: done.stage.close()
            )
        except PenstockError:
            raise
        except Exception as error:
            raise UpstreamFailed(storage_reason(source.location or "", error)) from error

    async def _take(self, source: LabelSource, reading: Reading, counts: RunCounts) -> None:
        chunks = reading.stage.chunks()
        while (parsed := await asyncio.to_thread(self._next, source, chunks, counts.rows)) is not None:
            async with self._turns:
                if not self.intake.stores.ownership.may_write(source.service):
                    raise Unavailable("another inference-logger writes the tables of its service now")
                receipt = await self.intake.take(source.service, parsed, f"source:{source.name}")
            counts.add(parsed, receipt)

    def _next(self, source: LabelSource, chunks: Iterator[list[pa.Table]], first: int) -> ParsedLabels | None:
        tables = next(chunks, None)
        if tables is None:
            return None
        columns, latest = columns_of(source), self.intake.stores.clock.now() + CLOCK_SKEW
        whole = ParsedLabels()
        for table in tables:
            parsed = read_table(table, columns, latest, texts_stay=True, first=first + whole.received)
            whole.received += parsed.received
            whole.labels += parsed.labels
            whole.rejected += parsed.rejected
        whole.labels = last_of_each(whole.labels)
        return whole


def position_text(position: dict[str, object]) -> str | None:
    """How far a source is, for people."""
    if position.get("version") is not None:
        return f"version {position['version']}"
    if "files" in position:
        return "1 file" if position["files"] == 1 else f"{position['files']} files"
    return f"{position['column']} {position['value']}" if "value" in position else None
