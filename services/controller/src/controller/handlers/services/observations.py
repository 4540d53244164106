"""Observations of versions: the scheduler's events as they come, and its whole view at every resync."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import astuple, dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from controller.domain.services.status import DesiredState, Observation, next_observation, supersedes
from controller.handlers.services.rollback import is_new_last_good, remember_last_good
from controller.handlers.unit_of_work import after_commit
from controller.store.services.services import StoredVersion, load_version, read_services
from controller.store.tables import ObservationRow, VersionRow
from shared.contracts.deployment import VersionState
from shared.fairness import in_turns

FORGOTTEN_AFTER = timedelta(seconds=30)
"""A stopped version that the scheduler has not heard of for so long has no pods: the scheduler lost its state."""


@dataclass(frozen=True)
class VersionReport:
    """What the scheduler reports of one generation of a version; a `phase` of None leaves it as it was."""

    version_id: UUID
    generation: int
    phase: str | None
    ready_replicas: int
    desired_replicas: int | None = None
    """What the scheduler wants now; None leaves what is known."""
    reason: str | None = None
    message: str | None = None
    log_tail: tuple[str, ...] = ()
    check: dict[str, Any] | None = None
    """What a pod found out about its model; None leaves what is known."""
    keeps_reason: bool = False
    """Whether it says nothing of why the version is as it is."""
    is_whole: bool = False
    """Whether every pod of this generation was ready."""


RoutesChanged = Callable[[str], None]


async def record_report(
    session: AsyncSession, report: VersionReport, now: datetime, routes_changed: RoutesChanged
) -> None:
    """Store a report, unless it is older than the stored observation or its version is gone."""
    loaded = await load_version(session, report.version_id)
    if loaded is None:
        return
    service, version = loaded
    await _apply_report(session, version, report, now, partial(routes_changed, service.name))


async def resync_versions(
    session: AsyncSession,
    states: Iterable[VersionState],
    asked_at: datetime,
    routes_changed: RoutesChanged,
) -> None:
    """Bring the observations to the scheduler's whole view; what was observed after `asked_at` is newer and stays."""
    by_id = {state.version_id: state for state in states}
    async for service in in_turns(await read_services(session)):
        for version in service.versions:
            report = _report_of(version, by_id.get(version.row.id), asked_at)
            if report is not None:
                await _apply_report(session, version, report, asked_at, partial(routes_changed, service.row.name))


async def _apply_report(
    session: AsyncSession, version: StoredVersion, report: VersionReport, now: datetime, changed: Callable[[], None]
) -> None:
    """Store what a report says of a version, if it is new; `changed` is called once that is committed."""
    if await _write_observation(session, version, report, now):
        after_commit(session, changed)
    if report.is_whole and is_new_last_good(version.row, report.generation):
        remember_last_good(await session.get(VersionRow, version.row.id), report.generation)


def _report_of(version: StoredVersion, state: VersionState | None, asked_at: datetime) -> VersionReport | None:
    if version.seen is not None and version.seen.observed_at > asked_at:
        return None
    if state is not None:
        return _report_of_state(version, state)
    row = version.row
    if row.wanted == DesiredState.STOPPED and asked_at - row.updated_at > FORGOTTEN_AFTER:
        return VersionReport(row.id, row.generation, "stopped", 0)
    return None


def _report_of_state(version: StoredVersion, state: VersionState) -> VersionReport:
    if state.is_rolling:  # what is ready are the pods of the generation before
        seen, generation = version.observation, state.generation
        report = VersionReport(
            state.version_id, seen.generation if seen else generation, state.phase, state.ready_replicas
        )
        if state.has_rollout_failed:  # the roll-back says why
            return report
        return replace(report, reason=state.reason, message=state.message, log_tail=state.log_tail)
    return VersionReport(
        state.version_id,
        state.generation,
        state.phase,
        state.ready_replicas,
        state.desired_replicas,
        state.reason,
        state.message,
        state.log_tail,
        is_whole=state.phase == "running" and state.desired_replicas > 0,
    )


async def _write_observation(
    session: AsyncSession, version: StoredVersion, report: VersionReport, now: datetime
) -> bool:
    """Write the observation; True when it says something new."""
    seen = version.observation
    if seen is not None and _is_rolling(seen, report):  # one new pod is not all: `VersionReady` says when they are
        report = replace(report, generation=seen.generation)
    if not supersedes(seen, report.generation, version.row.generation):
        return False
    desired = _desired(version, report)
    phase = report.phase or _phase_by_pods(seen, report, version.replicas if desired is None else desired)
    new = next_observation(seen, report.generation, phase, report.ready_replicas)
    row = version.seen
    told = (report.reason, report.message, list(report.log_tail))
    if report.keeps_reason and row is not None:
        told = (row.reason, row.message, row.log_tail)
    check = report.check or (row.check if row is not None else None)
    before = row and (seen, row.desired_replicas, row.check, row.reason, row.message, row.log_tail)
    if before == (new, desired, check, *told):
        return False
    row = await session.get(ObservationRow, version.row.id)
    if row is None:
        row = ObservationRow(version_id=version.row.id, generation=0, phase="", observed_at=now)
        session.add(row)
    row.generation, row.phase, row.ready_replicas, row.was_ready = astuple(new)
    row.reason, row.message, row.log_tail = told
    row.desired_replicas = desired
    row.check = check
    row.observed_at = now
    return True


def _desired(version: StoredVersion, report: VersionReport) -> int | None:
    """How many pods the scheduler wants, where that is its decision."""
    if version.row.autoscaling is None:
        return None
    if report.desired_replicas is None:
        return version.seen.desired_replicas if version.seen else None
    return report.desired_replicas


def _is_rolling(seen: Observation, report: VersionReport) -> bool:
    """Whether the report is about a pod that is to replace one of those that serve."""
    return report.phase is None and report.generation > seen.generation and seen.was_ready and seen.phase == "running"


def _phase_by_pods(seen: Observation | None, report: VersionReport, replicas: int) -> str:
    """The phase after a report of one pod: starting or running; an end that was already observed stays."""
    if seen is not None and seen.generation == report.generation and seen.phase not in {"starting", "running"}:
        return seen.phase
    was_running = seen is not None and seen.was_ready and seen.phase == "running"
    return "running" if was_running or report.ready_replicas >= replicas else "starting"
