"""`/resource-specs`: named sizes of a pod, and what an hour of one costs."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel

from controller.api.dependencies import Actor, Dependencies, IfMatch, json_answer
from controller.api.idempotency import PostRequest, no_preparation
from controller.api.pagination import Page
from controller.domain.resources.specs import NewSpec, SpecChange
from controller.handlers.resources import specs
from controller.handlers.unit_of_work import UnitOfWork, require_revision
from controller.store.resources.specs import every_spec, load_spec
from controller.store.tables import SpecRow

router = APIRouter(tags=["resource specs"])

SpecPath = Annotated[str, Path(max_length=63)]


class SpecView(BaseModel):
    """A resource spec: cores, GiB, devices (`gpu_kind`: of which kind), and the price of one pod for one hour."""

    name: str
    description: str
    cpu: float
    memory_gb: float
    gpu: int
    gpu_kind: str | None
    price_per_hour: float
    created_at: datetime
    updated_at: datetime
    revision: int


@router.get("/resource-specs", response_model=Page[SpecView])
async def list_resource_specs(deps: Dependencies) -> Page[SpecView]:
    """The whole catalogue, smallest first."""
    async with deps.read_session() as session:
        return Page(items=[_view(row) for row in await every_spec(session)])


@router.post("/resource-specs", status_code=201, response_model=SpecView)
async def create_resource_spec(command: NewSpec, post: PostRequest) -> Response:
    """Add a spec. Needs an administrator."""

    async def work(unit: UnitOfWork, _: None) -> SpecView:
        return _view(await specs.create_spec(unit, command))

    return await post.run_once(command, work, no_preparation)


@router.get("/resource-specs/{spec}", response_model=SpecView)
async def read_resource_spec(spec: SpecPath, deps: Dependencies) -> Response:
    """One spec."""
    async with deps.read_session() as session:
        return json_answer(_view(await load_spec(session, spec)))


@router.patch("/resource-specs/{spec}", response_model=SpecView)
async def change_resource_spec(
    spec: SpecPath, change: SpecChange, deps: Dependencies, actor: Actor, allowed: IfMatch
) -> Response:
    """Edit a spec: its price at any time, its size while no version uses it. Needs an administrator."""
    async with deps.unit_of_work(actor) as unit:
        row = await load_spec(unit.session, spec, for_update=True)
        require_revision(allowed, row.revision)
        await specs.change_spec(unit, row, change)
        return json_answer(_view(row))


@router.delete("/resource-specs/{spec}", status_code=204)
async def delete_resource_spec(spec: SpecPath, deps: Dependencies, actor: Actor, allowed: IfMatch) -> Response:
    """Remove a spec that no version uses. Needs an administrator."""
    async with deps.unit_of_work(actor) as unit:
        row = await load_spec(unit.session, spec, for_update=True)
        require_revision(allowed, row.revision)
        await specs.delete_spec(unit, row)
    return Response(status_code=204)


def _view(row: SpecRow) -> SpecView:
    return SpecView.model_validate(row, from_attributes=True)
