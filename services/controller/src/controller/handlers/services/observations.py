"""What the scheduler says of versions: events as they come, and its whole view when asked."""

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

FORGOTTEN_AFTER = timedelta(seconds=30)
"""A stopped version that the scheduler has not heard of for so long has no pods: it lost its memory, not ours."""


@dataclass(frozen=True)
class VersionReport:
    """What was seen of one generation of a version; a `phase` of None leaves it as it was."""

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
    session: AsyncSession, fact: VersionReport, now: datetime, routes_changed: RoutesChanged
) -> None:
    """Take note of a fact, unless it is older than what is known or its version is gone."""
    loaded = await load_version(session, fact.version_id)
    if loaded is None:
        return
    service, version = loaded
    await _take(session, version, fact, now, partial(routes_changed, service.name))


async def resync(
    session: AsyncSession,
    states: Iterable[VersionState],
    asked_at: datetime,
    routes_changed: RoutesChanged,
) -> None:
    """Bring what is known to what the scheduler says as a whole; what was seen after `asked_at` is newer and stays."""
    by_id = {state.version_id: state for state in states}
    for service in await read_services(session):
        for version in service.versions:
            fact = _as_fact(version, by_id.get(version.row.id), asked_at)
            if fact is not None:
                await _take(session, version, fact, asked_at, partial(routes_changed, service.row.name))


async def _take(
    session: AsyncSession, version: StoredVersion, fact: VersionReport, now: datetime, changed: Callable[[], None]
) -> None:
    """Write what a fact says of a version, if it is news; `changed` is called once that is committed."""
    if await _note(session, version, fact, now):
        after_commit(session, changed)
    if fact.is_whole and is_new_last_good(version.row, fact.generation):
        remember_last_good(await session.get(VersionRow, version.row.id), fact.generation)


def _as_fact(version: StoredVersion, state: VersionState | None, asked_at: datetime) -> VersionReport | None:
    if version.seen is not None and version.seen.observed_at > asked_at:
        return None
    if state is not None:
        return _fact_of_state(version, state)
    row = version.row
    if row.wanted == DesiredState.STOPPED and asked_at - row.updated_at > FORGOTTEN_AFTER:
        return VersionReport(row.id, row.generation, "stopped", 0)
    return None


def _fact_of_state(version: StoredVersion, state: VersionState) -> VersionReport:
    if state.is_rolling:  # what is ready are the pods of the generation before
        seen = version.observation
        return VersionReport(
            state.version_id, seen.generation if seen else state.generation, state.phase, state.ready_replicas
        )
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


async def _note(session: AsyncSession, version: StoredVersion, fact: VersionReport, now: datetime) -> bool:
    """Write the observation; True when it says something new."""
    seen = version.observation
    if seen is not None and _is_rolling(seen, fact):  # one new pod is not all: `VersionReady` says when they are
        fact = replace(fact, generation=seen.generation)
    if not supersedes(seen, fact.generation, version.row.generation):
        return False
    desired = _desired(version, fact)
    phase = fact.phase or _phase_by_pods(seen, fact, version.replicas if desired is None else desired)
    new = next_observation(seen, fact.generation, phase, fact.ready_replicas)
    row = version.seen
    told = (fact.reason, fact.message, list(fact.log_tail))
    if fact.keeps_reason and row is not None:
        told = (row.reason, row.message, row.log_tail)
    check = fact.check or (row.check if row is not None else None)
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


def _desired(version: StoredVersion, fact: VersionReport) -> int | None:
    """How many pods the scheduler wants, where that is its decision."""
    if version.row.autoscaling is None:
        return None
    if fact.desired_replicas is None:
        return version.seen.desired_replicas if version.seen else None
    return fact.desired_replicas


def _is_rolling(seen: Observation, fact: VersionReport) -> bool:
    """Whether the fact is about a pod that is to replace one of those that serve."""
    return fact.phase is None and fact.generation > seen.generation and seen.was_ready and seen.phase == "running"


def _phase_by_pods(seen: Observation | None, fact: VersionReport, replicas: int) -> str:
    """The phase after a fact about one pod: it starts or runs, and an end that was already seen is not taken back."""
    if seen is not None and seen.generation == fact.generation and seen.phase not in {"starting", "running"}:
        return seen.phase
    was_running = seen is not None and seen.was_ready and seen.phase == "running"
    return "running" if was_running or fact.ready_replicas >= replicas else "starting"
