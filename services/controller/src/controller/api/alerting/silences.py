"""`/silences` and `/maintenance-windows`: when alerts are told to nobody."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, Field

from controller.api.dependencies import Actor, CurrentPrincipal, Dependencies, IfMatch, json_answer
from controller.api.idempotency import PostRequest, no_preparation
from controller.api.ownership import require, require_visible
from controller.api.pagination import Page
from controller.domain.access.roles import Principal, Role
from controller.domain.alerting.matchers import MatcherCommand
from controller.domain.alerting.silences import (
    MaintenanceCommand,
    NewMaintenance,
    NewSilence,
    SilenceCommand,
    SilenceState,
    silence_state,
)
from controller.handlers.alerting import silences
from controller.handlers.unit_of_work import UnitOfWork, require_revision
from controller.store.alerting.definitions import load_silence, load_window, visible_silences, visible_windows
from controller.store.services.services import load_service
from controller.store.tables import MaintenanceRow, ServiceRow, SilenceRow

router = APIRouter(tags=["alerts"])

WindowPath = Annotated[str, Path(max_length=63)]
MISSING = "There is no such silence"


class SilenceView(BaseModel):
    """A silence."""

    id: UUID
    project: str | None = Field(description="Whose alerts it is about; null: everybody's.")
    matchers: list[MatcherCommand]
    starts_at: datetime
    ends_at: datetime
    comment: str
    state: SilenceState
    creator: str
    created_at: datetime
    updated_at: datetime
    revision: int


class MaintenanceView(BaseModel):
    """Maintenance of a service, a project or the installation."""

    id: UUID
    name: str
    project: str | None
    service: str | None
    starts_at: datetime
    ends_at: datetime | None
    schedule: str | None
    duration: timedelta | None
    comment: str
    creator: str
    created_at: datetime
    updated_at: datetime
    revision: int


@router.post("/silences", status_code=201, response_model=SilenceView)
async def create_silence(command: NewSilence, post: PostRequest, principal: CurrentPrincipal) -> Response:
    """Silence alerts that match. Needs an editor of the project; without one, an administrator."""
    require(principal, Role.EDITOR, command.project, f"There is no project {command.project!r}")

    async def work(unit: UnitOfWork, _: None) -> SilenceView:
        return _silence(await silences.create_silence(unit, command), unit.now)

    return await post.run_once(command, work, no_preparation)


@router.get("/silences", response_model=Page[SilenceView])
async def list_silences(
    deps: Dependencies,
    principal: CurrentPrincipal,
    state: Annotated[SilenceState | None, Query(description="Only those.")] = None,
) -> Page[SilenceView]:
    """The installation's silences and those of the caller's projects, newest first; ended ones for 30 days."""
    now = deps.clock.now()
    async with deps.read_session() as session:
        rows = await visible_silences(session, principal.projects, None if state in {None, "expired"} else now)
    views = [_silence(row, now) for row in rows]
    return Page(items=[view for view in views if state in {None, view.state}])


@router.get("/silences/{silence}", response_model=SilenceView)
async def read_silence(silence: UUID, deps: Dependencies, principal: CurrentPrincipal) -> Response:
    """One silence."""
    async with deps.read_session() as session:
        row = await load_silence(session, silence)
    require_visible(principal, row.project, MISSING)
    return json_answer(_silence(row, deps.clock.now()))


@router.put("/silences/{silence}", response_model=SilenceView)
async def replace_silence(
    silence: UUID,
    command: SilenceCommand,
    *,
    deps: Dependencies,
    actor: Actor,
    principal: CurrentPrincipal,
    allowed: IfMatch,
) -> Response:
    """Define it anew. Needs who may create it."""
    async with deps.unit_of_work(actor) as unit:
        row = await _editable(unit, silence, principal)
        require_revision(allowed, row.revision)
        await silences.replace_silence(unit, row, command)
        return json_answer(_silence(row, unit.now))


@router.delete("/silences/{silence}", status_code=204)
async def expire_silence(
    silence: UUID, deps: Dependencies, actor: Actor, principal: CurrentPrincipal, allowed: IfMatch
) -> Response:
    """End a silence now. Needs who may create it."""
    async with deps.unit_of_work(actor) as unit:
        row = await _editable(unit, silence, principal)
        require_revision(allowed, row.revision)
        await silences.expire_silence(unit, row)
    return Response(status_code=204)


@router.post("/maintenance-windows", status_code=201, response_model=MaintenanceView)
async def create_maintenance(
    command: NewMaintenance, post: PostRequest, deps: Dependencies, principal: CurrentPrincipal
) -> Response:
    """Define maintenance. Needs an editor of the project or the service; without either, an administrator."""
    service = None
    project = command.project
    if command.service is not None:
        async with deps.read_session() as session:
            service = (await load_service(session, command.service)).row
        project = service.project
    missing = f"There is no service {command.service!r}" if service else f"There is no project {project!r}"
    require(principal, Role.EDITOR, project, missing)

    async def work(unit: UnitOfWork, _: None) -> MaintenanceView:
        row = await silences.create_window(unit, command, service)
        return _window(row, command.service)

    return await post.run_once(command, work, no_preparation)


@router.get("/maintenance-windows", response_model=Page[MaintenanceView])
async def list_maintenance(deps: Dependencies, principal: CurrentPrincipal) -> Page[MaintenanceView]:
    """The installation's maintenance and that of the caller's projects, by name."""
    async with deps.read_session() as session:
        found = await visible_windows(session, principal.projects)
    return Page(items=[_window(row, service) for row, service in found])


@router.get("/maintenance-windows/{window}", response_model=MaintenanceView)
async def read_maintenance(window: WindowPath, deps: Dependencies, principal: CurrentPrincipal) -> Response:
    """One maintenance window."""
    async with deps.read_session() as session:
        row = await load_window(session, window)
        service = None if row.service_id is None else await session.get(ServiceRow, row.service_id)
    require_visible(principal, row.project, f"There is no maintenance window {row.name!r}")
    return json_answer(_window(row, service.name if service else None))


@router.put("/maintenance-windows/{window}", response_model=MaintenanceView)
async def replace_maintenance(
    window: WindowPath,
    command: MaintenanceCommand,
    *,
    deps: Dependencies,
    actor: Actor,
    principal: CurrentPrincipal,
    allowed: IfMatch,
) -> Response:
    """Define when it is anew. Needs who may create it."""
    async with deps.unit_of_work(actor) as unit:
        row = await _editable_window(unit, window, principal)
        require_revision(allowed, row.revision)
        await silences.replace_window(unit, row, command)
        service = None if row.service_id is None else await unit.session.get(ServiceRow, row.service_id)
        return json_answer(_window(row, service.name if service else None))


@router.delete("/maintenance-windows/{window}", status_code=204)
async def delete_maintenance(
    window: WindowPath, deps: Dependencies, actor: Actor, principal: CurrentPrincipal, allowed: IfMatch
) -> Response:
    """Forget maintenance; one that runs ends. Needs who may create it."""
    async with deps.unit_of_work(actor) as unit:
        row = await _editable_window(unit, window, principal)
        require_revision(allowed, row.revision)
        await unit.session.delete(row)
    return Response(status_code=204)


async def _editable(unit: UnitOfWork, identity: UUID, principal: Principal) -> SilenceRow:
    row = await load_silence(unit.session, identity, for_update=True)
    require(principal, Role.EDITOR, row.project, MISSING)
    return row


async def _editable_window(unit: UnitOfWork, name: str, principal: Principal) -> MaintenanceRow:
    row = await load_window(unit.session, name, for_update=True)
    require(principal, Role.EDITOR, row.project, f"There is no maintenance window {row.name!r}")
    return row


def _silence(row: SilenceRow, now: datetime) -> SilenceView:
    return SilenceView(**row.model_dump(), state=silence_state(row.starts_at, row.ends_at, now))


def _window(row: MaintenanceRow, service: str | None) -> MaintenanceView:
    duration = None if row.duration_s is None else timedelta(seconds=row.duration_s)
    return MaintenanceView(**row.model_dump(exclude={"duration_s"}), service=service, duration=duration)
