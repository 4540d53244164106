"""Pods of a version, which the scheduler owns: listed and restarted through it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, Field

from controller.api.dependencies import ApiDependencies, Dependencies
from controller.api.idempotency import PostRequest
from controller.api.pagination import Page
from controller.handlers.unit_of_work import UnitOfWork
from controller.store.audit import AuditedResource, record_action
from controller.store.services.services import load_service
from shared.contracts.deployment import PodView
from shared.contracts.rpc.method import Nothing
from shared.contracts.rpc.scheduler import (
    POD_TIMELINE,
    PODS,
    RESTART_POD,
    PodList,
    PodRef,
    PodsQuery,
    PodTimeline,
    StartPhase,
)
from shared.errors import NotFound

router = APIRouter(tags=["pods"])

PodName = Annotated[str, Path(max_length=253, pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$")]


class RestartView(BaseModel):
    """A pod that was told to restart."""

    name: str
    restarting: bool = True


class PhaseView(StartPhase):
    """A phase, and how long it took; null while it runs."""

    duration_s: float | None


class TimelineView(BaseModel):
    """The start of a pod's newest run. A phase that has not begun is not listed; a pod of an earlier release has none.

    `placed` (room for it), `model` (its files fetched), `environment` (built, where none satisfied the model),
    `process` (started), `loaded` (libraries imported, model loaded), `checked` (the model's own example), `ready`.
    """

    pod: str
    run: int = Field(description="0: its first start.")
    state: Literal["starting", "ready", "failed"]
    started_at: datetime | None
    ready_at: datetime | None
    phases: list[PhaseView]


@router.get("/services/{service}/versions/{version}/pods", response_model=Page[PodView])
async def list_pods(service: str, version: str, deps: Dependencies) -> Page[PodView]:
    """Pods as they are now; 503 while the scheduler is away."""
    return Page(items=await _pods(deps, await _version_id(deps, service, version)))


@router.post("/services/{service}/versions/{version}/pods/{pod}/restart", status_code=202, response_model=RestartView)
async def restart_pod(service: str, version: str, pod: PodName, post: PostRequest) -> Response:
    """Restart one pod by force; the other replicas carry the traffic."""

    async def restarted() -> None:
        version_id = await _version_id(post.deps, service, version)
        if pod not in {found.name for found in await _pods(post.deps, version_id)}:
            raise NotFound(f"Version {version!r} of service {service!r} has no pod {pod!r}")
        await post.deps.call(RESTART_POD, PodRef(version_id=version_id, pod=pod), Nothing)

    async def work(unit: UnitOfWork, _: None) -> RestartView:
        project = (await load_service(unit.session, service)).row.project
        record_action(
            unit.session,
            post.actor,
            unit.now,
            AuditedResource("pod", f"{service}/{version}/{pod}", project),
            "restarted",
        )
        return RestartView(name=pod)

    return await post.run_once(None, work, restarted, 202)


@router.get("/services/{service}/versions/{version}/pods/{pod}/timeline", response_model=TimelineView)
async def pod_timeline(service: str, version: str, pod: PodName, deps: Dependencies) -> TimelineView:
    """How the newest start of a pod went, phase by phase; kept while the pod is. 503 while the scheduler is away."""
    ref = PodRef(version_id=await _version_id(deps, service, version), pod=pod)
    found = await deps.call(POD_TIMELINE, ref, PodTimeline)
    phases = [PhaseView(**phase.model_dump(), duration_s=_seconds(phase)) for phase in found.phases]
    return TimelineView(**found.model_dump(exclude={"phases"}), phases=phases)


def _seconds(phase: StartPhase) -> float | None:
    return None if phase.ended_at is None else round((phase.ended_at - phase.started_at).total_seconds(), 3)


async def _version_id(deps: ApiDependencies, service: str, version: str) -> UUID:
    async with deps.read_session() as session:
        return (await load_service(session, service)).version(version).row.id


async def _pods(deps: ApiDependencies, version_id: UUID) -> list[PodView]:
    return list((await deps.call(PODS, PodsQuery(version_id=version_id), PodList)).items)
