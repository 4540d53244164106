"""Pods of a version, which the scheduler owns: listed and restarted through it."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path
from pydantic import BaseModel

from controller.api.door import Door, TheDoor
from controller.api.views import Page
from controller.store.services import load_service
from shared.contracts.deployment import PodView
from shared.contracts.rpc import PODS, RESTART_POD, Nothing, PodList, PodRef, PodsQuery
from shared.errors import NotFound

router = APIRouter(tags=["pods"])

PodName = Annotated[str, Path(max_length=253, pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$")]


class RestartView(BaseModel):
    """A pod that was told to restart."""

    name: str
    restarting: bool = True


@router.get("/services/{service}/versions/{version}/pods", response_model=Page[PodView])
async def list_pods(service: str, version: str, door: TheDoor) -> Page[PodView]:
    """Pods as they are now; 503 while the scheduler is away."""
    return Page(items=await _pods(door, await _version_id(door, service, version)))


@router.post("/services/{service}/versions/{version}/pods/{pod}/restart", status_code=202, response_model=RestartView)
async def restart_pod(service: str, version: str, pod: PodName, door: TheDoor) -> RestartView:
    """Restart one pod by force; the other replicas carry the traffic."""
    version_id = await _version_id(door, service, version)
    if pod not in {found.name for found in await _pods(door, version_id)}:
        raise NotFound(f"Version {version!r} of service {service!r} has no pod {pod!r}")
    await door.ask(RESTART_POD, PodRef(version_id=version_id, pod=pod), Nothing)
    return RestartView(name=pod)


async def _version_id(door: Door, service: str, version: str) -> UUID:
    async with door.look() as session:
        return (await load_service(session, service)).version(version).row.id


async def _pods(door: Door, version_id: UUID) -> list[PodView]:
    return list((await door.ask(PODS, PodsQuery(version_id=version_id), PodList)).items)
