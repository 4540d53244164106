"""Draws the conclusions from a version's rows: its verdict, its endpoints, the facts about its outcome."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from scheduler.domain.verdict import VerdictLimits, after_look, phase_of
from scheduler.store import rows
from scheduler.store.tables import DeploymentRow, PodRow
from shared.bus.outbox import publish
from shared.events import VersionDrained, VersionFailed, VersionReady


async def settle(session: AsyncSession, row: DeploymentRow, now: datetime, limits: VerdictLimits | None = None) -> None:
    """Bring what is derived of a version in step with its pods; says each outcome of a generation once."""
    await session.flush()
    pods = await rows.pods_of(session, row.version_id)
    if row.desired_replicas > 0:
        progress = after_look(rows.progress_of(row), rows.seen_in(pods), now, limits or VerdictLimits())
        rows.set_progress(row, progress)
    set_endpoints(row, pods)
    await _announce(session, row, pods)


def set_endpoints(row: DeploymentRow, pods: Sequence[PodRow]) -> None:
    """The pods that answer; a changed list gets the next revision."""
    ready = [{"pod": pod.name, "address": pod.address} for pod in pods if pod.ready and pod.address]
    if ready != row.endpoints:
        row.endpoints = ready
        row.endpoints_revision += 1


async def _announce(session: AsyncSession, row: DeploymentRow, pods: Sequence[PodRow]) -> None:
    identity = {
        "service_id": row.service_id,
        "service": row.service,
        "version_id": row.version_id,
        "version": row.version,
        "generation": row.generation,
    }
    phase = phase_of(row.desired_replicas, rows.progress_of(row), rows.seen_in(pods))
    # A roll-over is done when pods of this generation answer; those of the one before do not count.
    ready = sum(pod.ready and pod.generation >= row.generation for pod in pods)
    if phase == "running" and ready >= row.replicas and row.ready_announced < row.generation:
        row.ready_announced = row.generation
        await publish(session, VersionReady(**identity, ready_replicas=ready))
    elif phase == "failed" and row.failed_announced < row.generation:
        row.failed_announced = row.generation
        await publish(session, VersionFailed(**identity, **(row.failure or {})))
    elif phase == "stopped" and row.deleted is None and row.drained_announced < row.generation:
        row.drained_announced = row.generation
        await publish(session, VersionDrained(**identity))
