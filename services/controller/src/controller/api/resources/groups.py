"""`/resource-groups`: nodes that are kept for one service, and the projects whose services may be the one."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from controller.api.dependencies import Actor, IfMatch, TheCaller, TheDoor, json_answer
from controller.api.idempotency import Posting, nothing
from controller.api.pagination import Page, PageSize, cursor_of_token, token_of_cursor
from controller.domain.access.roles import Caller, Role
from controller.domain.resources.groups import GroupChange, NewGroup
from controller.handlers.resources import groups
from controller.handlers.unit_of_work import Unit, must_match
from controller.store.access.people import visible_services
from controller.store.resources.groups import StoredGroup, load_group, page_of_groups, whole_group, whole_groups
from controller.store.services.services import load_service
from controller.store.tables import GroupRow, NodeRow
from shared.errors import NotFound

router = APIRouter(tags=["resource groups"])

GroupPath = Annotated[str, Path(max_length=63)]


class Capacity(BaseModel):
    """Cores, GiB, devices."""

    cpu: float = 0
    memory_gb: float = 0
    gpu: int = 0


class GroupView(BaseModel):
    """A resource group. `service`: the one that it `is_bound` to; `capacity`: of all its nodes together.

    Projects and a service that the caller may not see are not named.
    """

    id: UUID
    name: str
    description: str
    tags: dict[str, str]
    projects: list[str]
    service: str | None
    is_bound: bool
    nodes: int
    capacity: Capacity
    creator: str
    created_at: datetime
    updated_at: datetime
    revision: int


@router.post("/resource-groups", status_code=201, response_model=GroupView)
async def create_resource_group(asked: NewGroup, post: Posting, caller: TheCaller) -> Response:
    """Create a group without nodes. Needs an administrator."""

    async def work(unit: Unit, _: None) -> GroupView:
        row = await groups.create_group(unit, asked)
        return await _view_of(unit.session, row, caller)

    return await post.once(asked, work, nothing)


@router.get("/resource-groups", response_model=Page[GroupView])
async def list_resource_groups(
    door: TheDoor,
    caller: TheCaller,
    *,
    project: Annotated[str | None, Query(max_length=63, description="Whose services may use it.")] = None,
    search: Annotated[str | None, Query(max_length=63, description="Part of the name.")] = None,
    page_size: PageSize = 100,
    cursor: Annotated[str | None, Query(max_length=512)] = None,
) -> Page[GroupView]:
    """Groups that the caller's projects (an administrator's: all) may use, by name."""
    visible = caller.projects
    if project is not None:
        visible = frozenset({project}) & (visible if visible is not None else {project})
    async with door.look() as session:
        found = await page_of_groups(session, visible, token_of_cursor(cursor), page_size + 1, search)
        shown = await whole_groups(session, found[:page_size])
        seen = await visible_services(session, caller.projects)
    following = cursor_of_token(shown[-1].row.name) if len(found) > page_size else None
    return Page(items=[_view(each, caller, seen) for each in shown], next_cursor=following)


@router.get("/resource-groups/{group}", response_model=GroupView)
async def read_resource_group(group: GroupPath, door: TheDoor, caller: TheCaller) -> Response:
    """One group."""
    async with door.look() as session:
        return json_answer(await _view_of(session, await visible_group(session, group, caller), caller))


@router.patch("/resource-groups/{group}", response_model=GroupView)
async def change_resource_group(
    group: GroupPath, change: GroupChange, *, door: TheDoor, actor: Actor, caller: TheCaller, allowed: IfMatch
) -> Response:
    """Edit a group; its name only while no version names it. Needs an administrator."""
    async with door.unit(actor) as unit:
        row = await load_group(unit.session, group, for_update=True)
        must_match(allowed, row.revision)
        await groups.change_group(unit, row, change)
        return json_answer(await _view_of(unit.session, row, caller))


@router.delete("/resource-groups/{group}", status_code=204)
async def delete_resource_group(group: GroupPath, door: TheDoor, actor: Actor, allowed: IfMatch) -> Response:
    """Remove a group that has no nodes and that no version names. Needs an administrator."""
    async with door.unit(actor) as unit:
        row = await load_group(unit.session, group, for_update=True)
        must_match(allowed, row.revision)
        await groups.delete_group(unit, row)
    return Response(status_code=204)


@router.put("/resource-groups/{group}/projects/{project}", status_code=204)
async def grant_resource_group(group: GroupPath, project: str, door: TheDoor, actor: Actor) -> Response:
    """Let services of a project use the group. Needs an administrator."""
    async with door.unit(actor) as unit:
        await groups.grant(unit, await load_group(unit.session, group, for_update=True), project)
    return Response(status_code=204)


@router.delete("/resource-groups/{group}/projects/{project}", status_code=204)
async def revoke_resource_group(group: GroupPath, project: str, door: TheDoor, actor: Actor) -> Response:
    """Let them use it no more; 409 while one of them does. Needs an administrator."""
    async with door.unit(actor) as unit:
        row = await load_group(unit.session, group, for_update=True)
        bound = (await whole_group(unit.session, row)).services
        service = (await load_service(unit.session, bound[0])).row if bound else None
        await groups.revoke(unit, row, project, service)
    return Response(status_code=204)


async def visible_group(session: AsyncSession, name: str, caller: Caller) -> GroupRow:
    """A group that some project of the caller may use; `NotFound` for others."""
    row = await load_group(session, name)
    if caller.is_admin:
        return row
    projects = (await whole_group(session, row)).projects
    if not any(caller.may(Role.VIEWER, project) for project in projects):
        raise NotFound(f"There is no resource group {name[:64]!r}")
    return row


def capacity_of(nodes: tuple[NodeRow, ...]) -> Capacity:
    """What nodes have together."""
    return Capacity(
        cpu=sum(node.cpu for node in nodes),
        memory_gb=sum(node.memory_gb for node in nodes),
        gpu=sum(node.gpu for node in nodes),
    )


async def _view_of(session: AsyncSession, row: GroupRow, caller: Caller) -> GroupView:
    return _view(await whole_group(session, row), caller, await visible_services(session, caller.projects))


def _view(group: StoredGroup, caller: Caller, seen: Collection[str] | None) -> GroupView:
    services = [service for service in group.services if seen is None or service in seen]
    return GroupView(
        **group.row.model_dump(),
        projects=[project for project in group.projects if caller.may_see(project)],
        service=services[0] if services else None,
        is_bound=bool(group.services),
        nodes=len(group.nodes),
        capacity=capacity_of(group.nodes),
    )
