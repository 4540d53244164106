"""What the scheduler says of versions: events as they come, and its whole view when asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from controller.domain.status import Observation, Wanted, folded, supersedes
from controller.handlers.unit import after_commit
from controller.store.services import StoredVersion, load_services, load_version
from controller.store.tables import ObservationRow
from shared.contracts.deployment import VersionState

FORGOTTEN_AFTER = timedelta(seconds=30)
"""A stopped version that the scheduler has not heard of for so long has no pods: it lost its memory, not ours."""


@dataclass(frozen=True)
class Fact:
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


RoutesChanged = Callable[[str], None]


async def observe(session: AsyncSession, fact: Fact, now: datetime, routes_changed: RoutesChanged) -> None:
    """Take note of a fact, unless it is older than what is known or its version is gone."""
    loaded = await load_version(session, fact.version_id)
    if loaded is None:
        return
    service, version = loaded
    if _note(session, version, fact, now):
        after_commit(session, lambda: routes_changed(service.name))


async def resync(
    session: AsyncSession,
    states: Iterable[VersionState],
    asked_at: datetime,
    routes_changed: RoutesChanged,
) -> None:
    """Bring what is known to what the scheduler says as a whole; what was seen after `asked_at` is newer and stays."""
    by_id = {state.version_id: state for state in states}
    for service in await load_services(session):
        for version in service.versions:
            fact = _as_fact(version, by_id.get(version.row.id), asked_at)
            if fact is not None and _note(session, version, fact, asked_at):
                after_commit(session, lambda name=service.row.name: routes_changed(name))  # type: ignore[misc]


def _as_fact(version: StoredVersion, state: VersionState | None, asked_at: datetime) -> Fact | None:
    if version.seen is not None and version.seen.observed_at > asked_at:
        return None
    if state is not None:
        return Fact(
            state.version_id,
            state.generation,
            state.phase,
            state.ready_replicas,
            state.desired_replicas,
            state.reason,
            state.message,
            state.log_tail,
        )
    row = version.row
    if row.wanted == Wanted.STOPPED and asked_at - row.updated_at > FORGOTTEN_AFTER:
        return Fact(row.id, row.generation, "stopped", 0)
    return None


def _note(session: AsyncSession, version: StoredVersion, fact: Fact, now: datetime) -> bool:
    """Write the observation; True when it says something new."""
    seen = version.observation
    if not supersedes(seen, fact.generation, version.row.generation):
        return False
    desired = version.replicas if fact.desired_replicas is None else fact.desired_replicas
    phase = fact.phase or _phase_by_pods(seen, fact, desired)
    new = folded(seen, fact.generation, phase, fact.ready_replicas)
    row = version.seen
    told = (fact.reason, fact.message, list(fact.log_tail))
    check = fact.check or (row.check if row is not None else None)
    before = row and (seen, row.desired_replicas, row.check, row.reason, row.message, row.log_tail)
    if before == (new, desired, check, *told):
        return False
    if row is None:
        row = ObservationRow(version_id=version.row.id, generation=0, phase="", observed_at=now)
        session.add(row)
    row.generation, row.phase, row.ready_replicas, row.was_ready = (
        new.generation,
        new.phase,
        new.ready_replicas,
        new.was_ready,
    )
    row.reason, row.message, row.log_tail = told
    row.desired_replicas = desired
    row.check = check
    row.observed_at = now
    return True


def _phase_by_pods(seen: Observation | None, fact: Fact, replicas: int) -> str:
    """The phase after a fact about one pod: it starts or runs, and an end that was already seen is not taken back."""
    if seen is not None and seen.generation == fact.generation and seen.phase not in {"starting", "running"}:
        return seen.phase
    is_rollout = seen is not None and seen.was_ready and seen.phase == "running"
    return "running" if is_rollout or fact.ready_replicas >= replicas else "starting"
