"""`/services/{s}/retraining-triggers`: when a model is trained anew, and by what."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, Field

from controller.api.dependencies import Actor, Dependencies, IfMatch, json_answer
from controller.api.idempotency import PostRequest, no_preparation
from controller.api.pagination import Page
from controller.domain.retraining.triggers import NewTrigger, Then, TriggerDefinition
from controller.handlers.retraining import triggers
from controller.handlers.unit_of_work import UnitOfWork, require_revision
from controller.store.retraining.triggers import TRIGGERS
from controller.store.services.services import load_service
from controller.store.tables import RetrainingTriggerRow
from shared.contracts.retraining import AlertMatch, RetrainingAction, RetrainingGuards

router = APIRouter(tags=["retraining"])

TriggerPath = Annotated[str, Path(max_length=63)]


class TriggerView(BaseModel):
    """A trigger of a service."""

    id: UUID
    service: str
    name: str
    on_alert: AlertMatch | None
    schedule: str | None
    action: RetrainingAction = Field(description="What is run; a job's resources as they were when it was defined.")
    secret: str | None = Field(description="Name of the secret with its credentials.")
    model: str | None = Field(description="Registered model whose next version is the result; null: the service's.")
    guards: RetrainingGuards
    time_limit: timedelta
    then: Then = Field(description="What is done with the version that comes of it.")
    paused: bool
    creator: str
    created_at: datetime
    updated_at: datetime
    revision: int


@router.post("/services/{service}/retraining-triggers", status_code=201, response_model=TriggerView)
async def create_retraining_trigger(service: str, command: NewTrigger, post: PostRequest) -> Response:
    """Define when the model of a service is trained anew, and by what."""

    async def work(unit: UnitOfWork, _: None) -> TriggerView:
        stored = await load_service(unit.session, service, for_update=True)
        return _view(await triggers.create_trigger(unit, post.deps.vault, stored.row, command), service)

    return await post.run_once(command, work, no_preparation)


@router.get("/services/{service}/retraining-triggers", response_model=Page[TriggerView])
async def list_retraining_triggers(service: str, deps: Dependencies) -> Page[TriggerView]:
    """Triggers of a service by name."""
    async with deps.read_session() as session:
        stored = await load_service(session, service)
        return Page(items=[_view(row, service) for row in await TRIGGERS.of_service(session, stored.row.id)])


@router.get("/services/{service}/retraining-triggers/{trigger}", response_model=TriggerView)
async def read_retraining_trigger(service: str, trigger: TriggerPath, deps: Dependencies) -> Response:
    """One trigger."""
    async with deps.read_session() as session:
        return json_answer(_view(await TRIGGERS.load(session, service, trigger), service))


@router.put("/services/{service}/retraining-triggers/{trigger}", response_model=TriggerView)
async def replace_retraining_trigger(
    service: str,
    trigger: TriggerPath,
    command: TriggerDefinition,
    *,
    deps: Dependencies,
    actor: Actor,
    allowed: IfMatch,
) -> Response:
    """Define it anew, all of it; what runs goes on as it was begun."""
    async with deps.unit_of_work(actor) as unit:
        stored = await load_service(unit.session, service)
        row = await TRIGGERS.load(unit.session, service, trigger, for_update=True)
        require_revision(allowed, row.revision)
        await triggers.replace_trigger(unit, deps.vault, stored.row, row, command)
        return json_answer(_view(row, service))


@router.delete("/services/{service}/retraining-triggers/{trigger}", status_code=204)
async def delete_retraining_trigger(
    service: str, trigger: TriggerPath, deps: Dependencies, actor: Actor, allowed: IfMatch
) -> Response:
    """Forget a trigger. A retraining that it has started is not ended by that: cancel it first."""
    async with deps.unit_of_work(actor) as unit:
        row = await TRIGGERS.load(unit.session, service, trigger, for_update=True)
        require_revision(allowed, row.revision)
        await triggers.delete_trigger(unit.session, row)
    return Response(status_code=204)


def _view(row: RetrainingTriggerRow, service: str) -> TriggerView:
    shown = {"service": service, "time_limit": timedelta(seconds=row.time_limit_s), **row.model_dump()}
    return TriggerView.model_validate(shown | {"then": row.then or {}})
