"""Derives the outcome of a version from its rows: its verdict, its endpoints, the events that announce it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from scheduler.domain.rollover import after_new_count
from scheduler.domain.verdict import VerdictLimits, after_count, phase_of
from scheduler.store import rows
from scheduler.store.tables import DeploymentRow, PodRow
from shared.bus.outbox import publish
from shared.events import VersionDrained, VersionFailed, VersionReady, VersionRolloutFailed


async def update_outcome(
    session: AsyncSession, row: DeploymentRow, now: datetime, limits: VerdictLimits | None = None
) -> None:
    """Derive a version's verdict and endpoints from its pods; publishes each outcome of a generation once."""
    await session.flush()
    pods = await rows.pods_of(session, row.version_id)
    if row.desired_replicas > 0:
        _count_pods(row, pods, now, limits or VerdictLimits())
    set_endpoints(row, pods)
    await _announce(session, row, pods)


def _count_pods(row: DeploymentRow, pods: Sequence[PodRow], now: datetime, limits: VerdictLimits) -> None:
    rows.set_progress(row, after_count(rows.progress_of(row), rows.count_pods(pods), now, limits))
    if rollover := rows.rollover_of(row):
        new = rows.count_pods([pod for pod in pods if pod.generation >= rollover.generation])
        rows.set_rollover(row, after_new_count(rollover, new, row.replicas, now, limits))


def put_off(row: DeploymentRow, now: datetime, generation: int | None = None) -> None:
    """Begin a version's deadlines anew: what runs its pods does not answer, so that nothing is seen of them.

    `generation`: of a pod that has waited through no fault of the version; a roll-out to a later one did not wait.
    """
    rows.set_progress(row, replace(rows.progress_of(row), trying_since=now))
    if (rollover := rows.rollover_of(row)) and (generation is None or generation >= rollover.generation):
        rows.set_rollover(row, replace(rollover, progress=replace(rollover.progress, trying_since=now)))


def set_endpoints(row: DeploymentRow, pods: Sequence[PodRow]) -> None:
    """The pods that answer; a changed list gets the next revision."""
    ready = [
        {"pod": pod.name, "address": pod.address, "generation": pod.generation or row.generation}
        for pod in pods
        if pod.ready and pod.address
    ]
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
    phase = phase_of(row.desired_replicas, rows.progress_of(row), rows.count_pods(pods))
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
    given_up = (row.rollover or {}).get("failure")
    if given_up and phase == "running" and row.rollover_failed_announced < row.generation:
        row.rollover_failed_announced = row.generation
        await publish(session, VersionRolloutFailed(**identity, **given_up))
