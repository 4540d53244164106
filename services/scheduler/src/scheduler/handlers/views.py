"""Read models: pods as operators see them, versions as the controller resyncs them, endpoints."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import chain
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from scheduler.domain.gpus import NO_SUCH_GPU
from scheduler.domain.values import CAPACITY, GPU_KIND_MISSING, HELD_UP, MeasuredUsage
from scheduler.domain.verdict import VersionFailure, phase_of
from scheduler.store import rows
from scheduler.store.tables import DeploymentRow, PodRow
from shared.contracts.deployment import PodView, Resources, VersionState
from shared.contracts.metrics.samples import PodUsage, VersionReplicas
from shared.contracts.routes import PodEndpoint, VersionEndpoints
from shared.contracts.rpc.scheduler import PodTimeline, StartPhase
from shared.errors import NotFound

NO_ROOM = "capacity: there is no room for a pod yet"


@dataclass
class LatestUsage:
    """The last measurement of every pod, by name."""

    by_pod: dict[str, MeasuredUsage] = field(default_factory=dict)


async def pods(
    session: AsyncSession, usage: Mapping[str, MeasuredUsage], version_id: UUID | None = None
) -> list[PodView]:
    """Pods of one version, or of all."""
    if version_id is not None:
        version = await session.get(DeploymentRow, version_id)
        if version is None:
            return []
        return [pod_view(version, pod, usage.get(pod.name)) for pod in await rows.pods_of(session, version_id)]
    found = await rows.pods_by_version(session)
    versions = {row.version_id: row for row in await rows.deployments(session)}
    return [
        pod_view(versions[each], pod, usage.get(pod.name))
        for each in sorted(found)
        for pod in found[each]
        if each in versions
    ]


async def pod_usage(session: AsyncSession, used: Mapping[str, MeasuredUsage]) -> list[PodUsage]:
    """What was measured of each pod, by its version."""
    versions = {row.version_id: row for row in await rows.deployments(session)}
    return [
        PodUsage(
            service=version.service,
            version=version.version,
            version_id=pod.version_id,
            pod=pod.name,
            cpu_cores=round(measured.cpu_cores, 4),
            memory_bytes=measured.memory_bytes,
            gpu_utilisation=measured.gpu_utilisation,
            gpu_memory_bytes=measured.gpu_memory_bytes,
            ready=pod.ready,
        )
        for pod in await rows.pod_summaries(session)
        if (measured := used.get(pod.name)) and (version := versions.get(pod.version_id))
    ]


def pod_view(version: DeploymentRow, pod: PodRow, usage: MeasuredUsage | None) -> PodView:
    """One pod as operators see it."""
    return PodView.model_validate(
        {
            "name": pod.name,
            "service": version.service,
            "version": version.version,
            "version_id": pod.version_id,
            "node": pod.node,
            "status": pod.status,
            "reason": pod.reason,
            "ready": pod.ready,
            "restarts": pod.restarts,
            "last_exit": pod.last_exit,
            "started_at": pod.started_at.isoformat() if pod.started_at else None,
            "address": pod.address,
            "limits_enforced": pod.is_limited,
            "pid": pod.pid,
            "image": pod.image,
            "cpu_cores": round(usage.cpu_cores, 4) if usage else None,
            "memory_bytes": usage.memory_bytes if usage else None,
        }
    )


async def pod_of(session: AsyncSession, version_id: UUID, name: str) -> PodRow:
    """A version's pod. Raises `NotFound`."""
    pod = await session.get(PodRow, name)
    if pod is None or pod.version_id != version_id:
        raise NotFound(f"there is no pod {name} of this version")
    return pod


def pod_timeline(pod: PodRow) -> PodTimeline:
    """How a pod's newest run started; of one from an earlier release, whether it is ready."""
    timeline = rows.timeline_of(pod)
    if timeline is None:
        state = "failed" if pod.status == "Failed" else "ready" if pod.ready else "starting"
        return PodTimeline(pod=pod.name, run=pod.run, state=state, started_at=pod.started_at)
    phases = tuple(StartPhase.model_validate(asdict(phase)) for phase in timeline.phases)
    last = phases[-1]
    return PodTimeline(
        pod=pod.name,
        run=timeline.run,
        state=timeline.state,
        started_at=phases[0].started_at,
        ready_at=last.ended_at if last.name == "ready" else None,
        phases=phases,
    )


async def version_states(
    session: AsyncSession, waits: Mapping[str, str], problem_for: Callable[[Resources], str | None] = lambda _: None
) -> list[VersionState]:
    """Every version that is not gone; `waits`: why pods wait; `problem_for`: why nothing can be done with its pods."""
    found = await rows.pods_by_version(session)
    return [
        _state(row, found.get(row.version_id, []), waits, problem_for)
        for row in await rows.deployments(session)
        if row.deleted is None
    ]


def _state(
    row: DeploymentRow, pods: Sequence[PodRow], waits: Mapping[str, str], problem_for: Callable[[Resources], str | None]
) -> VersionState:
    progress, seen = rows.progress_of(row), rows.count_pods(pods)
    rollover = rows.rollover_of(row)
    told = None
    if row.desired_replicas > 0:
        told = progress.failure or (rollover and rollover.failure) or _wait(pods, waits)
        is_given_room = any(pod.reason == CAPACITY for pod in pods)
        is_starting = bool(rollover) or not progress.was_ready or is_given_room
        if told is None and is_starting and (problem := _problem(row, problem_for)):
            told = VersionFailure("Waiting", f"nothing can be done with its pods yet: {problem}")
        if told is None and is_given_room:
            told = VersionFailure("Waiting", f"{NO_ROOM}: it is about to be given")
    return VersionState(
        version_id=row.version_id,
        service=row.service,
        version=row.version,
        generation=row.generation,
        phase=phase_of(row.desired_replicas, progress, seen),
        desired_replicas=row.replicas,
        ready_replicas=seen.ready,
        reason=told.reason if told else None,
        message=told.message if told else None,
        log_tail=told.log_tail if told else (),
        is_rolling=rollover is not None,
        has_rollout_failed=rollover is not None and rollover.failure is not None,
    )


def _problem(row: DeploymentRow, problem_for: Callable[[Resources], str | None]) -> str | None:
    wanted = rows.deployment_of(row)
    return None if wanted is None else problem_for(wanted.resources)


def _wait(pods: Sequence[PodRow], waits: Mapping[str, str]) -> VersionFailure | None:
    """What a version waits for that is no fault of its own; a pod that has been given room waits for none."""
    without_room = [pod.name for pod in pods if pod.reason == CAPACITY]
    if not without_room:
        told = (VersionFailure(pod.reason, waits[pod.name]) for pod in pods if pod.reason and pod.name in waits)
        held_up = (VersionFailure("Waiting", _words_of(pod)) for pod in pods if pod.reason in HELD_UP)
        return next(chain(told, held_up), None)
    why = next((waits[name] for name in without_room if name in waits), None)
    if why is None:
        return None
    return VersionFailure("Waiting", f"{GPU_KIND_MISSING if why.startswith(NO_SUCH_GPU) else NO_ROOM}: {why}")


def _words_of(pod: PodRow) -> str:
    timeline = rows.timeline_of(pod)
    detail = timeline.phases[-1].detail if timeline is not None and not timeline.is_over else None
    return f"{pod.reason}: {detail}" if detail else str(pod.reason)


async def endpoints(
    session: AsyncSession, token_of: Callable[[str], str | None] = lambda _: None
) -> list[tuple[VersionEndpoints, bool]]:
    """The endpoints of each version, and whether it is deleted.

    `token_of`: a pod's, by name; somebody's own image knows of none, and answers whoever reaches it.
    """
    return [
        (
            VersionEndpoints(
                version_id=each.version_id,
                service=each.service,
                version=each.version,
                revision=each.revision,
                pods=tuple(
                    PodEndpoint(**pod, token=None if each.source_kind == "image" else token_of(pod["pod"]))
                    for pod in each.pods
                ),
            ),
            each.is_deleted,
        )
        for each in await rows.routed_versions(session)
    ]


async def replicas(session: AsyncSession) -> list[VersionReplicas]:
    """Desired, running and ready pods of every version that has any of them."""
    pods = await rows.pod_summaries(session)
    there = {pod.version_id for pod in pods}
    running = Counter(pod.version_id for pod in pods if pod.has_started)
    ready = Counter(pod.version_id for pod in pods if pod.ready)
    return [
        VersionReplicas(
            service=row.service,
            version=row.version,
            version_id=row.version_id,
            wanted=row.replicas,
            running=running[row.version_id],
            ready=ready[row.version_id],
        )
        for row in await rows.deployments(session)
        if row.desired_replicas or row.version_id in there
    ]
