"""Label sources are followed as the controller defines them, read when they are due, and say how they do."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from inference_logger.domain.labels.sources import MOST_REASONS, SourceProgress, Trigger
from inference_logger.domain.waiting import LONGEST_REASON, error_reason
from inference_logger.handlers.sources.reading import RunCounts, SourceReader
from inference_logger.metrics import SourceMetrics
from inference_logger.store.sources.state import forget_others, last_runs, load_progress, save_progress, save_run
from shared.contracts.inference_tables.label_sources import LabelRun, LabelSource, LabelSourceState
from shared.errors import NotFound, PenstockError
from shared.ids import new_id

log = logging.getLogger(__name__)

LIST_EVERY_S = 10.0
LIST_AGAIN_S = 2.0
"""After the controller did not answer."""
TICK_S = 1.0


@dataclass
class LabelSources:
    """Every source that is defined."""

    reader: SourceReader
    metrics: SourceMetrics
    _defined: dict[UUID, LabelSource] = field(default_factory=dict)
    _progress: dict[UUID, SourceProgress] = field(default_factory=dict)
    _due: dict[UUID, datetime | None] = field(default_factory=dict)
    _running: dict[UUID, asyncio.Task[None]] = field(default_factory=dict)
    _listed_at: float | None = None
    _listing: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def run(self) -> None:
        """Follow what is defined, and read what is due, until cancelled."""
        clock = self.reader.intake.stores.clock
        try:
            while True:
                try:
                    await self.refresh(LIST_EVERY_S)
                    self.start_due(clock.now())
                except PenstockError as error:
                    log.debug("label sources are not known now: %s", error.message)
                await clock.sleep(TICK_S)
        finally:
            for task in self._running.values():
                task.cancel()
            await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def refresh(self, older_than_s: float = 0.0) -> None:
        """Ask what is defined, where the last answer is older. Raises `PenstockError`."""
        stores = self.reader.intake.stores
        async with self._listing:
            now = stores.clock.monotonic()
            if self._listed_at is not None and now - self._listed_at < older_than_s:
                return
            self._listed_at = now - LIST_EVERY_S + LIST_AGAIN_S
            found = {source.id: source for source in await self.reader.calls.label_sources()}
            self._listed_at = now
            if found == self._defined and not stores.ownership.is_shared:
                return
            async with stores.database.unit_of_work() as session:
                await forget_others(session, found)
                progress = {source.id: (await load_progress(session, source))[0] for source in found.values()}
            for gone in self._defined.keys() - found.keys():
                if gone in self._running:
                    self._running[gone].cancel()
            self._defined, self._progress, self._due = found, {}, {}
            for source in found.values():
                self._know(source, progress[source.id])
            self._show()

    def start_due(self, now: datetime) -> None:
        """Begin to read what is due, of the services whose tables this process writes; leave off what is others'."""
        for source in self._defined.values():
            due, is_running = self._due[source.id], source.id in self._running
            if is_running and not self._owns(source):
                self._running[source.id].cancel()
            elif self._progress[source.id].is_due(due, now) and not is_running and self._owns(source):
                self._start(source, self._progress[source.id].trigger)

    def _know(self, source: LabelSource, progress: SourceProgress) -> None:
        self._progress[source.id], self._due[source.id] = progress, progress.next_run(source)

    def _owns(self, source: LabelSource) -> bool:
        return self.reader.intake.stores.ownership.may_write(source.service)

    async def run_now(self, identity: UUID) -> LabelSourceState:
        """Begin to read a source, if it is not being read. Raises `NotFound`, `Unavailable`."""
        await self.refresh()
        source = self._source(identity)
        if self._owns(source):
            self._start(source, "manual")
        else:
            await self._request(source)
        return await self.state(source)

    async def _request(self, source: LabelSource) -> None:
        """Have it read by the one that writes the tables of its service, which looks every few seconds."""
        stores = self.reader.intake.stores
        async with stores.database.unit_of_work() as session:
            progress, _ = await load_progress(session, source)
            progress.requested_at = stores.clock.now()
            await save_progress(session, source, progress)
        self._know(source, progress)

    async def states(self, service: str) -> list[LabelSourceState]:
        """How the sources of a service do."""
        await self.refresh(LIST_EVERY_S)
        return [await self.state(source) for source in self._defined.values() if source.service == service]

    async def runs(self, identity: UUID, limit: int) -> list[LabelRun]:
        """The last runs of a source, newest first."""
        async with self.reader.intake.stores.database.read() as session:
            return await last_runs(session, identity, limit)

    async def state(self, source: LabelSource) -> LabelSourceState:
        """How one does."""
        stores = self.reader.intake.stores
        now = stores.clock.now()
        if not self._owns(source):
            async with stores.database.read() as session:
                self._know(source, (await load_progress(session, source))[0])
        progress, due = self._progress[source.id], self._due[source.id]
        runs = await self.runs(source.id, 1)
        is_read = progress.last_run_at is not None
        return LabelSourceState(
            id=source.id,
            state="paused" if source.is_paused else "failing" if progress.failures else "ok" if is_read else "waiting",
            is_running=source.id in self._running,
            reason=progress.reason,
            since=progress.failing_since,
            last_run=runs[0] if runs else None,
            next_run_at=due if due is None else max(due, now),
        )

    def _source(self, identity: UUID) -> LabelSource:
        source = self._defined.get(identity)
        if source is None:
            raise NotFound("There is no such label source")
        return source

    def _start(self, source: LabelSource, trigger: Trigger) -> None:
        if source.id not in self._running:
            task = asyncio.create_task(self._run(source, trigger), name=f"label source {source.name}")
            self._running[source.id] = task
            task.add_done_callback(lambda _: self._running.pop(source.id, None))

    async def _run(self, source: LabelSource, trigger: Trigger) -> None:
        stores, counts = self.reader.intake.stores, RunCounts()
        started, error = stores.clock.now(), None
        try:
            await self.reader.read(source, counts)
        except PenstockError as failure:
            error = error_reason(failure)
        except Exception as failure:
            log.exception("reading label source %s/%s", source.service, source.name)
            error = f"an error of the platform's own: {type(failure).__name__}"
        try:
            await self._note(source, trigger, started, counts, error)
        except Exception as failure:  # noqa: BLE001 - a run that is not noted would begin again at once
            why = error_reason(failure) if isinstance(failure, PenstockError) else type(failure).__name__
            log.warning("a run of label source %s/%s is not noted: %s", source.service, source.name, why)
            if (progress := self._progress.get(source.id)) is not None:
                progress.note(stores.clock.now(), error or why)
                self._know(source, progress)

    async def _note(
        self, source: LabelSource, trigger: Trigger, started: datetime, counts: RunCounts, error: str | None
    ) -> None:
        stores = self.reader.intake.stores
        ended = stores.clock.now()
        run = LabelRun(
            id=new_id(),
            started_at=started,
            ended_at=ended,
            trigger=trigger,
            state="ok" if error is None else "failed",
            error=error,
            rows_read=counts.rows,
            labels_new=counts.new,
            labels_corrected=counts.corrected,
            unmatched=counts.unmatched,
            rejected=counts.rejected,
            rejections=tuple(counts.reasons[:MOST_REASONS]),
            position=counts.position,
        )
        async with stores.database.unit_of_work() as session:
            progress, _ = await load_progress(session, source)
            was_failing = progress.failures > 0
            progress.note(ended, None if error is None else error[:LONGEST_REASON])
            await save_progress(session, source, progress)
            await save_run(session, source.id, run)
        if source.id in self._defined:
            self._know(self._defined[source.id], progress.of(self._defined[source.id]))
        self.metrics.count(source, run)
        self._show()
        if error is not None and not was_failing:
            log.warning("label source %s/%s fails: %s", source.service, source.name, error)
        elif error is None and was_failing:
            log.info("label source %s/%s works again", source.service, source.name)

    def _show(self) -> None:
        found = self._defined.values()
        self.metrics.show({(each.service, each.name): self._progress[each.id].failures > 0 for each in found})
