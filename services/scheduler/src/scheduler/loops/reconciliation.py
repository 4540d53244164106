"""Reconciliation: the backend is given what is wanted, every version of it, after each change and every second."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from uuid import UUID

from scheduler.domain.verdict import is_overdue
from scheduler.handlers.outcome import put_off, update_outcome
from scheduler.loops.dependencies import LoopDependencies
from scheduler.loops.metrics import SchedulerMetrics
from scheduler.loops.retry import retry_while_unavailable
from scheduler.store import rows
from scheduler.store.nodes import list_nodes
from scheduler.store.tables import DeploymentRow


async def run_reconciliation(dependencies: LoopDependencies, every_s: float) -> None:
    """Have the backend make what is wanted; until cancelled."""
    while True:
        begun = dependencies.clock.monotonic()
        with dependencies.metrics.reconcile.time():
            await retry_while_unavailable(lambda: reconcile_once(dependencies), "reconciling", dependencies.clock)
        # While thousands of pods start, something is always new: half of the time is left for seeing it.
        await dependencies.clock.sleep(min(dependencies.clock.monotonic() - begun, every_s))
        await dependencies.reconcile_wakeup.wait(every_s)


async def reconcile_once(dependencies: LoopDependencies) -> None:
    """One pass over every version."""
    # Asked first: of versions that were read before the controller's list came, none is known to be unwanted.
    is_resynced = dependencies.is_resynced
    async with dependencies.lease.database.read() as session:
        versions = await rows.deployments(session)
        pods = await rows.pod_summaries(session)
        nodes = await list_nodes(session)
    dependencies.backend.set_nodes(nodes)
    _count(dependencies.metrics, pods)
    _count_restarts(dependencies.metrics, versions, pods)
    running = dependencies.backend.versions()
    for version in versions:
        await _reconcile_version(dependencies, version, has_pods=version.version_id in running)
    if is_resynced:
        for stray in dependencies.backend.versions() - {version.version_id for version in versions}:
            await dependencies.backend.delete(stray)


async def _reconcile_version(dependencies: LoopDependencies, version: DeploymentRow, *, has_pods: bool) -> None:
    deployment = rows.deployment_of(version)
    if deployment is None or version.failure or not deployment.desired_replicas:
        if has_pods:
            await dependencies.backend.delete(version.version_id)
        return
    await dependencies.backend.apply(deployment.model_copy(update={"desired_replicas": version.replicas}))
    rollover = rows.rollover_of(version)
    tries = [rows.progress_of(version), *([rollover.progress] if rollover else [])]
    if any(is_overdue(each, dependencies.steady_clock.now(), dependencies.observer.limits) for each in tries):
        await _look_at_deadline(dependencies, version.version_id)


async def _look_at_deadline(dependencies: LoopDependencies, version_id: UUID) -> None:
    """A version that nothing happens to fails by the clock alone, unless nothing can happen to it."""
    now = dependencies.steady_clock.now()
    async with dependencies.lease.unit_of_work() as session:
        row = await session.get(DeploymentRow, version_id)
        wanted = rows.deployment_of(row) if row is not None else None
        if row is not None and wanted is not None and dependencies.backend.problem_for(wanted.resources):
            put_off(row, now)
        elif row is not None:
            await update_outcome(session, row, now, dependencies.observer.limits)


def _count(metrics: SchedulerMetrics, pods: Sequence[rows.PodSummary]) -> None:
    found = Counter(pod.status for pod in pods)
    for status in ("Waiting", "Running", "Failed", "Terminating"):
        metrics.pods.labels(status).set(found[status])
    metrics.ready.set(sum(pod.ready for pod in pods))


def _count_restarts(
    metrics: SchedulerMetrics, versions: Sequence[DeploymentRow], pods: Sequence[rows.PodSummary]
) -> None:
    restarts: Counter[UUID] = Counter()
    for pod in pods:
        restarts[pod.version_id] += pod.restarts
    metrics.restarts.clear()
    for version in versions:
        if version.version_id in restarts:
            metrics.restarts.labels(version.service, version.version).set(restarts[version.version_id])
