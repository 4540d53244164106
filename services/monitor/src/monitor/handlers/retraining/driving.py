"""Each retraining is driven to its end: checked, started, looked at, ended.

Level-triggered: what is due is read, one step is done outside any transaction, and what came of it is stored with its
fact. A step that was lost with the process is done again: every system but GitHub finds the repeat out by the
retraining's id.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from monitor.domain.retraining import guards
from monitor.domain.retraining.http import Progress, StartOutcome, delay_s
from monitor.domain.retraining.ports import Definitions, RetrainingSystem, Surroundings
from monitor.handlers.retraining.asking import refuse
from monitor.handlers.retraining.ending import Ending, end, identity_of
from monitor.store.retraining import runs
from monitor.store.tables import RetrainingRow
from shared.bus.outbox import publish
from shared.clock import Clock
from shared.contracts.retraining import (
    IN_FLIGHT,
    EvidenceTable,
    RetrainingAccess,
    RetrainingRun,
    RetrainingTrigger,
)
from shared.database import Database
from shared.errors import NotFound, Temporary
from shared.events.retrain import RetrainRequested, RetrainStarted

log = logging.getLogger(__name__)

RESULT_WAIT = timedelta(seconds=60)
"""How long after its end the version that it registered is looked for, before it has ended without one."""
TRIES_FOR_TABLES = 3
JOB_POLL_S = 1.0
Change = Callable[[RetrainingRow, AsyncSession], Any]


@dataclass
class RetrainingDriver:
    """Does one step of one retraining. `poll_s`: seconds between two questions to a system outside."""

    database: Database
    clock: Clock
    definitions: Definitions
    surroundings: Surroundings
    jobs: RetrainingSystem
    http: RetrainingSystem
    poll_s: float = 10.0
    result_wait: timedelta = field(default=RESULT_WAIT)

    async def step(self, row: RetrainingRow) -> None:
        """What is next for one, as it was read; nothing is raised but what is a fault of ours."""
        try:
            if row.is_cancelling:
                await self._cancel(row)
            elif self.clock.now() >= row.gives_up_at:
                await self._give_up(row)
            elif not row.is_checked:
                await self._check(row)
            elif row.state == "requested":
                await self._start(row)
            else:
                await self._look(row)
        except Temporary as away:
            await self._delay(row, "Unavailable", away.message)

    # ── checking ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def _check(self, row: RetrainingRow) -> None:
        """Labels are counted, the versions of the tables noted; then it is told as requested."""
        definition, now = runs.definition_of(row), self.clock.now()
        refusal = None
        if definition.guards.min_label_coverage is not None and not row.is_forced:
            share = await self.surroundings.label_share(definition.service, now - guards.COVERAGE_SPAN, now)
            refusal = guards.refusal_by_coverage(definition.guards, share)
        tables = () if refusal else await self._tables(row, definition)

        async def change(found: RetrainingRow, session: AsyncSession) -> None:
            if refusal is not None:
                refuse(found, refusal, now)
                return
            evidence = runs.evidence_of(found).model_copy(update={"tables": tables})
            found.evidence = evidence.model_dump(mode="json")
            found.is_checked, found.attempts, found.next_at = True, 0, now
            found.reason = found.message = None
            await publish(session, RetrainRequested(**identity_of(found), evidence=evidence))

        await self._store(row.id, change)

    async def _tables(self, row: RetrainingRow, definition: RetrainingTrigger) -> tuple[EvidenceTable, ...]:
        """None after some tries: a service that is not recorded can be retrained too."""
        try:
            return await self.surroundings.tables(definition.service)
        except NotFound:
            return ()
        except Temporary:
            if row.attempts + 1 >= TRIES_FOR_TABLES:
                return ()
            raise

    # ── starting ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def _start(self, row: RetrainingRow) -> None:
        definition, evidence = runs.definition_of(row), runs.evidence_of(row)
        access = await self._access(definition)
        if access is None:
            return await self._end(row.id, "failed", "TriggerGone", "its trigger was deleted")
        outcome = await self._system(definition).start(definition, evidence, access)
        if outcome.kind == "rejected":
            return await self._end(row.id, "failed", outcome.reason, outcome.message)
        if outcome.kind == "retry":
            return await self._delay(row, outcome.reason, outcome.message, outcome.after_s)
        await self._store(row.id, lambda found, session: self._started(found, session, outcome))
        return None

    async def _started(self, found: RetrainingRow, session: AsyncSession, outcome: StartOutcome) -> None:
        now, definition = self.clock.now(), runs.definition_of(found)
        found.state, found.started_at, found.attempts = "started", now, 0
        found.reason = found.message = None
        found.run = None if outcome.run is None else outcome.run.model_dump(mode="json")
        found.next_at = now + self._pause(definition)
        fact = RetrainStarted(**identity_of(found), action=definition.action.kind, run=outcome.run)
        await publish(session, fact)

    # ── looking ──────────────────────────────────────────────────────────────────────────────────────────────────

    async def _look(self, row: RetrainingRow) -> None:
        definition = runs.definition_of(row)
        if row.done_at is not None:
            return await self._done(row, definition)
        progress = await self._progress(row, definition)
        if progress is None:
            return await self._end(row.id, "failed", "TriggerGone", "its trigger was deleted while it ran")
        if progress.kind == "succeeded":
            return await self._done(row, definition, progress)
        if progress.kind in ("failed", "cancelled", "gone"):
            state: Ending = "cancelled" if progress.kind == "cancelled" else "failed"
            reason = {"failed": "Failed", "cancelled": "Cancelled", "gone": "Gone"}[progress.kind]
            return await self._end(row.id, state, reason, progress.message, progress.run)
        await self._store(row.id, lambda found, _: self._seen(found, definition, progress))
        return None

    async def _progress(self, row: RetrainingRow, definition: RetrainingTrigger) -> Progress | None:
        """How it does; None where its trigger is gone, and the credentials with it."""
        access = await self._access(definition)
        if access is None:
            return None
        run = runs.run_of(row) or RetrainingRun()
        return await self._system(definition).look(definition, runs.evidence_of(row), run, access)

    def _seen(self, found: RetrainingRow, definition: RetrainingTrigger, progress: Progress) -> None:
        if progress.kind == "running":
            found.state = "running"
        if progress.run is not None:
            found.run = progress.run.model_dump(mode="json")
        found.reason = "UnknownAnswer" if progress.kind == "unknown" and progress.message else None
        found.message = progress.message
        found.next_at = self.clock.now() + self._pause(definition)

    async def _done(self, row: RetrainingRow, definition: RetrainingTrigger, progress: Progress | None = None) -> None:
        """The system says that it is done: over once the registry shows what came of it, or after a while without."""
        now = self.clock.now()
        run = progress.run if progress else None
        if definition.model is None or row.model is not None:
            return await self._end(row.id, "succeeded", None, None, run)
        if row.done_at is not None and now - row.done_at > self.result_wait:
            message = f"no new version of {definition.model} has its id as a tag"
            return await self._end(row.id, "succeeded", "NoModel", message, run)

        def change(found: RetrainingRow, _: AsyncSession) -> None:
            found.state, found.done_at, found.next_at = "running", found.done_at or now, now + timedelta(seconds=1)
            if run is not None:
                found.run = run.model_dump(mode="json")

        await self._store(row.id, change)
        return None

    # ── ending ───────────────────────────────────────────────────────────────────────────────────────────────────

    async def _give_up(self, row: RetrainingRow) -> None:
        """Its time is over. What runs elsewhere is told once; a job has a limit of its own besides."""
        definition = runs.definition_of(row)
        try:
            await self._tell_to_end(row, definition)
        except (Temporary, NotFound):
            log.warning("retraining %s could not be told that its time is over", row.id)
        await self._end(row.id, "failed", "TimeLimit", f"it has not ended within {definition.time_limit}")

    async def _cancel(self, row: RetrainingRow) -> None:
        definition = runs.definition_of(row)
        if row.state == "requested" and not row.is_checked:
            return await self._end(row.id, "cancelled", "Cancelled", "ended before it had begun")
        told = await self._tell_to_end(row, definition)
        if told == "later" and self.clock.now() < row.gives_up_at:
            return await self._delay(row, "Unavailable", "it could not be told to end")
        if told == "told" and definition.action.kind == "job":
            return await self._after_cancel(row, definition)
        message = "it was told to end" if told == "told" else "it cannot be told: what it has begun may go on"
        return await self._end(row.id, "cancelled", "Cancelled", message)

    async def _after_cancel(self, row: RetrainingRow, definition: RetrainingTrigger) -> None:
        """A job is over when nothing of it runs."""
        progress = await self._progress(row, definition)
        if progress is None or progress.kind in ("cancelled", "gone", "failed"):
            run = None if progress is None else progress.run
            return await self._end(row.id, "cancelled", "Cancelled", "ended on request", run)
        if progress.kind == "succeeded":  # it had ended before it was told to
            return await self._done(row, definition, progress)
        return await self._delay(row, None, None, JOB_POLL_S)

    async def _tell_to_end(self, row: RetrainingRow, definition: RetrainingTrigger) -> str:
        access = await self._access(definition)
        if access is None:
            return "cannot"
        run = runs.run_of(row) or RetrainingRun()
        return await self._system(definition).cancel(definition, runs.evidence_of(row), run, access)

    async def _end(
        self, identity: UUID, state: Ending, reason: str | None, message: str | None, run: RetrainingRun | None = None
    ) -> None:
        async def change(found: RetrainingRow, session: AsyncSession) -> None:
            if run is not None:
                found.run = run.model_dump(mode="json")
            await end(session, found, state, self.clock.now(), reason=reason, message=message)

        await self._store(identity, change)

    # ── parts ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _system(self, definition: RetrainingTrigger) -> RetrainingSystem:
        return self.jobs if definition.action.kind == "job" else self.http

    def _pause(self, definition: RetrainingTrigger) -> timedelta:
        return timedelta(seconds=min(JOB_POLL_S, self.poll_s) if definition.action.kind == "job" else self.poll_s)

    async def _access(self, definition: RetrainingTrigger) -> RetrainingAccess | None:
        if definition.action.kind == "job":
            return RetrainingAccess()
        try:
            return await self.definitions.access(definition.id)
        except NotFound:
            return None

    async def _delay(
        self, row: RetrainingRow, reason: str | None, message: str | None, after_s: float | None = None
    ) -> None:
        def change(found: RetrainingRow, _: AsyncSession) -> None:
            found.attempts += 1
            found.reason, found.message = reason, message
            wait_s = after_s if reason is None and after_s else delay_s(found.attempts, after_s)
            found.next_at = min(self.clock.now() + timedelta(seconds=wait_s), found.gives_up_at)

        await self._store(row.id, change)

    async def _store(self, identity: UUID, change: Change) -> None:
        """Change the row, if it is still in flight."""
        async with self.database.unit_of_work() as session:
            found = await runs.load(session, identity, for_update=True)
            if found.state in IN_FLIGHT:
                done = change(found, session)
                if done is not None:
                    await done
