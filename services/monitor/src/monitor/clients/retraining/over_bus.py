"""Jobs of the platform's own, run by the scheduler; triggers of the controller; tables and labels of the logger."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from monitor.domain.retraining.http import Progress, StartOutcome, rejected, started
from monitor.domain.retraining.ports import CancelOutcome
from shared.bus import Bus
from shared.contracts.jobs import JobOrder, JobQuery, JobState
from shared.contracts.retraining import (
    EvidenceTable,
    JobAction,
    RetrainingAccess,
    RetrainingEvidence,
    RetrainingRun,
    RetrainingTrigger,
    RetrainingTriggerList,
    RetrainingTriggerQuery,
)
from shared.contracts.rpc.inference_logger.labels import LABEL_COVERAGE, LabelCoverage, LabelCoverageQuery
from shared.contracts.rpc.inference_logger.tables import TABLES, TableList, TablesQuery
from shared.contracts.rpc.method import Nothing
from shared.contracts.rpc.retraining import CANCEL_JOB, JOB, RETRAINING_ACCESS, RETRAINING_TRIGGERS, RUN_JOB
from shared.errors import NotFound, Permanent

ANSWER_WITHIN_S = 3.0
COVERAGE_WITHIN_S = 10.0
COVERAGE_STEP_S = 86_400


class ControllerOverBus:
    """Implements `Definitions`."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def triggers(self) -> Sequence[RetrainingTrigger]:
        """All that are defined."""
        answer = await self._bus.call(RETRAINING_TRIGGERS, Nothing(), timeout=ANSWER_WITHIN_S)
        assert isinstance(answer, RetrainingTriggerList)
        return answer.items

    async def access(self, trigger: UUID) -> RetrainingAccess:
        """Asked anew each time: nothing of it is kept."""
        answer = await self._bus.call(RETRAINING_ACCESS, RetrainingTriggerQuery(id=trigger), timeout=ANSWER_WITHIN_S)
        assert isinstance(answer, RetrainingAccess)
        return answer


class LoggerOverBus:
    """Implements `Surroundings`."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def tables(self, service: str) -> tuple[EvidenceTable, ...]:
        """Tables of a service, and their versions now."""
        answer = await self._bus.call(TABLES, TablesQuery(service=service), timeout=ANSWER_WITHIN_S)
        assert isinstance(answer, TableList)
        return tuple(
            EvidenceTable(name=table.name, location=table.location, version=table.version) for table in answer.items
        )

    async def label_share(self, service: str, since: datetime, until: datetime) -> float:
        """Share of the rows of a time that have a label; 0 where there are no rows."""
        query = LabelCoverageQuery(service=service, from_time=since, to_time=until, step=COVERAGE_STEP_S)
        try:
            answer = await self._bus.call(LABEL_COVERAGE, query, timeout=COVERAGE_WITHIN_S)
        except NotFound:
            return 0.0
        assert isinstance(answer, LabelCoverage)
        return answer.share


class JobSystem:
    """Implements `RetrainingSystem` for jobs; raises `Temporary` while the scheduler is away."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def start(
        self,
        trigger: RetrainingTrigger,
        evidence: RetrainingEvidence,
        access: RetrainingAccess,
    ) -> StartOutcome:
        """See `RetrainingSystem`."""
        try:
            state = await self._call(RUN_JOB, job_order(trigger, evidence))
        except Permanent as refused:
            return rejected("Refused", refused.message)
        return started(_run(state))

    async def look(
        self,
        trigger: RetrainingTrigger,
        evidence: RetrainingEvidence,
        run: RetrainingRun,
        access: RetrainingAccess,
    ) -> Progress:
        """See `RetrainingSystem`."""
        try:
            return progress_of(await self._call(JOB, JobQuery(id=evidence.id)))
        except NotFound as gone:
            return Progress("gone", message=gone.message, run=run)

    async def cancel(
        self,
        trigger: RetrainingTrigger,
        evidence: RetrainingEvidence,
        run: RetrainingRun,
        access: RetrainingAccess,
    ) -> CancelOutcome:
        """See `RetrainingSystem`. Its end shows when it is looked at."""
        try:
            await self._call(CANCEL_JOB, JobQuery(id=evidence.id))
        except NotFound:
            return "told"
        return "told"

    async def _call(self, method: object, query: JobOrder | JobQuery) -> JobState:
        answer = await self._bus.call(method, query, timeout=ANSWER_WITHIN_S)  # type: ignore[arg-type]
        assert isinstance(answer, JobState)
        return answer


def job_order(trigger: RetrainingTrigger, evidence: RetrainingEvidence) -> JobOrder:
    """What the scheduler is to run."""
    action = trigger.action
    assert isinstance(action, JobAction)
    return JobOrder(
        id=evidence.id,
        service_id=trigger.service_id,
        service=trigger.service,
        project=trigger.project,
        time_limit_s=trigger.time_limit.total_seconds(),
        evidence=evidence.model_dump(mode="json"),
        reads=tuple(path for table in evidence.tables if (path := _local_path(table.location))),
        **action.model_dump(exclude={"kind"}),
    )


def _local_path(location: str | None) -> str | None:
    """Where a table lies on this machine; None: elsewhere."""
    path = (location or "").removeprefix("file://")
    return path if path.startswith("/") else None


def progress_of(state: JobState) -> Progress:
    """What a job's state means."""
    run = _run(state)
    match state.phase:
        case "waiting" | "preparing":
            return Progress("waiting", state.phase, state.message, run)
        case "running" | "succeeded" | "cancelled":
            return Progress(state.phase, state.phase, state.message if state.phase == "cancelled" else None, run)
        case _:
            message = ": ".join(part for part in (state.reason, state.message) if part)
            return Progress("failed", state.phase, message or "it failed", run)


def _run(state: JobState) -> RetrainingRun:
    return RetrainingRun(id=str(state.id), state=state.phase, pod=state.pod)
