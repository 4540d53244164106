"""Reads and small writes on the scheduler's tables; nothing here decides anything."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import delete
from sqlalchemy import select as select_columns
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from scheduler.domain.rollover import Rollover
from scheduler.domain.start_timeline import StartTimeline
from scheduler.domain.values import NO_FAULT
from scheduler.domain.verdict import PodCounts, VersionFailure, VersionProgress
from scheduler.store.tables import DeploymentRow, LogPositionRow, PodRow
from shared.contracts.deployment import BackendName, Deployment

_TIMELINE = TypeAdapter(StartTimeline)


async def deployments(session: AsyncSession) -> Sequence[DeploymentRow]:
    """Every version, those that are gone included."""
    return (await session.execute(select(DeploymentRow))).scalars().all()


class RoutedVersion(NamedTuple):
    """What routers are told of a version, and whether it is gone."""

    version_id: UUID
    service: str
    version: str
    revision: int
    pods: list[dict[str, Any]]
    source_kind: str | None
    is_deleted: bool


async def routed_versions(session: AsyncSession) -> list[RoutedVersion]:
    """Every version as routers are told of it: asked for after each change, so whole rows of thousands are not read."""
    table = DeploymentRow
    columns = [
        *_columns(table.version_id, table.service, table.version, table.endpoints_revision, table.endpoints),
        col(table.deployment)["model_source"]["kind"].as_string(),
        col(table.deleted).is_not(None),
    ]
    return [RoutedVersion(*row) for row in await session.execute(select_columns(*columns))]


class PodSummary(NamedTuple):
    """A pod, as it is counted."""

    name: str
    version_id: UUID
    status: str
    ready: bool
    restarts: int
    has_started: bool


async def pod_summaries(session: AsyncSession) -> list[PodSummary]:
    """Every pod, by name, without what thousands of them would take long to read."""
    table = PodRow
    columns = [
        *_columns(table.name, table.version_id, table.status, table.ready, table.restarts),
        col(table.started_at).is_not(None),
    ]
    found = await session.execute(select_columns(*columns).order_by(col(table.name)))
    return [PodSummary(*row) for row in found]


async def pods_of(session: AsyncSession, version_id: UUID) -> Sequence[PodRow]:
    """Pods of a version, by name."""
    found = select(PodRow).where(col(PodRow.version_id) == version_id).order_by(col(PodRow.name))
    return (await session.execute(found)).scalars().all()


async def pods_by_version(session: AsyncSession) -> dict[UUID, list[PodRow]]:
    """Every pod, by version and name."""
    found: dict[UUID, list[PodRow]] = defaultdict(list)
    for pod in (await session.execute(select(PodRow).order_by(col(PodRow.name)))).scalars():
        found[pod.version_id].append(pod)
    return found


async def forget_failed(session: AsyncSession, version_id: UUID) -> None:
    """Drop the rows of failed pods, which are kept for people to read."""
    await session.execute(delete(PodRow).where(col(PodRow.version_id) == version_id, col(PodRow.status) == "Failed"))


class OutputPosition(NamedTuple):
    """How far a pod's output has been sent."""

    pod: str
    version_id: UUID
    service: str
    version: str
    run: int
    byte_offset: int


async def output_positions(session: AsyncSession) -> list[OutputPosition]:
    """How far every pod's output has been sent."""
    table = LogPositionRow
    columns = _columns(table.pod, table.version_id, table.service, table.version, table.run, table.byte_offset)
    return [OutputPosition(*row) for row in await session.execute(select_columns(*columns))]


def _columns(*fields: Any) -> list[Any]:
    return [col(each) for each in fields]


def deployment_of(row: DeploymentRow) -> Deployment | None:
    """The intent; None for a version that is gone."""
    return None if row.deployment is None else Deployment.model_validate(row.deployment)


def progress_of(row: DeploymentRow) -> VersionProgress:
    """What was seen of the version since its start, as the domain reads it."""
    return VersionProgress(
        row.trying_since, row.was_ready, row.failed_loads, _failure(row.last_end), _failure(row.failure)
    )


def _failure(stored: dict[str, object] | None) -> VersionFailure | None:
    if stored is None:
        return None
    tail = stored.get("log_tail")
    lines = tuple(str(line) for line in tail) if isinstance(tail, list) else ()
    return VersionFailure(str(stored["reason"]), str(stored["message"]), lines)


def set_progress(row: DeploymentRow, progress: VersionProgress) -> None:
    """Store it."""
    row.trying_since = progress.trying_since
    row.was_ready = progress.was_ready
    row.failed_loads = progress.failed_loads
    row.last_end = _stored(progress.last_end)
    row.failure = _stored(progress.failure)


def rollover_of(row: DeploymentRow) -> Rollover | None:
    """The roll-over under way, as the domain reads it."""
    kept = row.rollover
    if kept is None:
        return None
    since = datetime.fromisoformat(kept["trying_since"])
    progress = VersionProgress(
        since, False, kept["failed_loads"], _failure(kept["last_end"]), _failure(kept["failure"])
    )
    return Rollover(kept["generation"], progress, kept["most_ready"])


def set_rollover(row: DeploymentRow, rollover: Rollover | None) -> None:
    """Store it."""
    row.rollover = None if rollover is None else _stored_rollover(rollover)


def _stored_rollover(rollover: Rollover) -> dict[str, Any]:
    progress = rollover.progress
    return {
        "generation": rollover.generation,
        "most_ready": rollover.most_ready,
        "trying_since": progress.trying_since.isoformat(),
        "failed_loads": progress.failed_loads,
        "last_end": _stored(progress.last_end),
        "failure": _stored(progress.failure),
    }


def _stored(failure: VersionFailure | None) -> dict[str, object] | None:
    if failure is None:
        return None
    return {"reason": failure.reason, "message": failure.message, "log_tail": list(failure.log_tail)}


def timeline_of(pod: PodRow) -> StartTimeline | None:
    """The start of its newest run, as the domain reads it."""
    return None if pod.timeline is None else _TIMELINE.validate_python(pod.timeline)


def set_timeline(pod: PodRow, timeline: StartTimeline | None) -> None:
    """Store it."""
    pod.timeline = None if timeline is None else _TIMELINE.dump_python(timeline, mode="json")


async def named_backends_with_ready_pods(session: AsyncSession) -> set[BackendName]:
    """Backends that groups name, and of which callers were sent to pods when this was last written."""
    ready = select(PodRow.version_id).where(col(PodRow.ready))
    found = (await session.execute(select(DeploymentRow).where(col(DeploymentRow.version_id).in_(ready)))).scalars()
    named = (wanted.resources.backend for row in found if (wanted := deployment_of(row)))
    return {backend for backend in named if backend is not None}


def count_pods(pods: Sequence[PodRow]) -> PodCounts:
    """A version's pods, counted; rows of failed ones, kept for people to read, do not count."""
    alive = [pod for pod in pods if pod.status != "Failed"]
    return PodCounts(
        pods=len(alive),
        ready=sum(pod.ready for pod in alive),
        is_waiting=any(pod.reason in NO_FAULT for pod in alive),
    )
