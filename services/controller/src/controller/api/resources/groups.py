"""`/resource-groups`: nodes that are kept for one service, and the projects whose services may be the one."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncSession

from controller.api.dependencies import Actor, CurrentPrincipal, Dependencies, IfMatch, json_answer
from controller.api.idempotency import PostRequest
from controller.api.pagination import Cursor, Page, PageSize, cursor_of_page, cursor_of_token, token_of_cursor
from controller.domain.access.roles import Principal, Role
from controller.domain.resources.groups import GroupChange, NewGroup
from controller.handlers.resources import groups
from controller.handlers.services import moved_groups
from controller.handlers.unit_of_work import UnitOfWork, require_revision
from controller.store.access.people import visible_services
from controller.store.resources.groups import (
    StoredGroup,
    load_group,
    lock_users,
    page_of_groups,
    whole_group,
    whole_groups,
)
from controller.store.services.services import load_service
from controller.store.tables import GroupRow, NodeRow
from shared.contracts.deployment import BackendName
from shared.contracts.nodes import NodeStateList
from shared.contracts.rpc.method import Nothing
from shared.contracts.rpc.scheduler import NODES
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
    backend: BackendName | None = Field(description="What runs its pods; null: the scheduler's default.")
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
async def create_resource_group(command: NewGroup, post: PostRequest, principal: CurrentPrincipal) -> Response:
    """Create a group without nodes. Needs an administrator."""

    async def work(unit: UnitOfWork, there: NodeStateList | None) -> GroupView:
        row = await groups.create_group(unit, command, there)
        return await _view_of(unit.session, row, principal)

    async def ready() -> NodeStateList | None:
        return None if command.backend is None else await post.deps.call(NODES, Nothing(), NodeStateList)

    return await post.run_once(command, work, ready)


@router.get("/resource-groups", response_model=Page[GroupView])
async def list_resource_groups(
    deps: Dependencies,
    principal: CurrentPrincipal,
    *,
    project: Annotated[str | None, Query(max_length=63, description="Whose services may use it.")] = None,
    search: Annotated[str | None, Query(max_length=63, description="Part of the name.")] = None,
    page_size: PageSize = 100,
    cursor: Cursor = None,
) -> Page[GroupView]:
    """Groups that the caller's projects (an administrator's: all) may use, by name."""
    visible = principal.projects
    if project is not None:
        visible = frozenset({project}) & (visible if visible is not None else {project})
    async with deps.read_session() as session:
        found = await page_of_groups(session, visible, token_of_cursor(cursor), page_size + 1, search)
        shown = await whole_groups(session, found[:page_size])
        seen = await visible_services(session, principal.projects)
    following = cursor_of_page(found, page_size, lambda row: cursor_of_token(row.name))
    return Page(items=[_view(each, principal, seen) for each in shown], next_cursor=following)


@router.get("/resource-groups/{group}", response_model=GroupView)
async def read_resource_group(group: GroupPath, deps: Dependencies, principal: CurrentPrincipal) -> Response:
    """One group."""
    async with deps.read_session() as session:
        return json_answer(await _view_of(session, await visible_group(session, group, principal), principal))


@router.patch("/resource-groups/{group}", response_model=GroupView)
async def change_resource_group(
    group: GroupPath,
    change: GroupChange,
    *,
    deps: Dependencies,
    actor: Actor,
    principal: CurrentPrincipal,
    allowed: IfMatch,
) -> Response:
    """Edit a group; its name only while no version names it. Another backend replaces the pods of its versions, one
    after the other. Needs an administrator."""
    names_backend = "backend" in change.model_fields_set
    there = await deps.call(NODES, Nothing(), NodeStateList) if names_backend else None
    async with deps.unit_of_work(actor) as unit:
        if names_backend:  # before the group: who edits a version locks its service first
            await lock_users(unit.session, group)
        row = await load_group(unit.session, group, for_update=True)
        require_revision(allowed, row.revision)
        await moved_groups.change_group(unit, row, change, there)
        return json_answer(await _view_of(unit.session, row, principal))


@router.delete("/resource-groups/{group}", status_code=204)
async def delete_resource_group(group: GroupPath, deps: Dependencies, actor: Actor, allowed: IfMatch) -> Response:
    """Remove a group that has no nodes and that no version names. Needs an administrator."""
    async with deps.unit_of_work(actor) as unit:
        row = await load_group(unit.session, group, for_update=True)
        require_revision(allowed, row.revision)
        await groups.delete_group(unit, row)
    return Response(status_code=204)


@router.put("/resource-groups/{group}/projects/{project}", status_code=204)
async def grant_resource_group(group: GroupPath, project: str, deps: Dependencies, actor: Actor) -> Response:
    """Let services of a project use the group. Needs an administrator."""
    async with deps.unit_of_work(actor) as unit:
        await groups.grant_project(unit, await load_group(unit.session, group, for_update=True), project)
    return Response(status_code=204)


@router.delete("/resource-groups/{group}/projects/{project}", status_code=204)
async def revoke_resource_group(group: GroupPath, project: str, deps: Dependencies, actor: Actor) -> Response:
    """Let them use it no more; 409 while one of them does. Needs an administrator."""
    async with deps.unit_of_work(actor) as unit:
        row = await load_group(unit.session, group, for_update=True)
        bound = (await whole_group(unit.session, row)).services
        service = (await load_service(unit.session, bound[0])).row if bound else None
        await groups.revoke_project(unit, row, project, service)
    return Response(status_code=204)


async def visible_group(session: AsyncSession, name: str, principal: Principal) -> GroupRow:
    """A group that some project of the caller may use; `NotFound` for others."""
    row = await load_group(session, name)
    if principal.is_admin:
        return row
    projects = (await whole_group(session, row)).projects
    if not any(principal.may(Role.VIEWER, project) for project in projects):
        raise NotFound(f"There is no resource group {name[:64]!r}")
    return row


def capacity_of(nodes: tuple[NodeRow, ...]) -> Capacity:
    """What nodes have together."""
    return Capacity(
        cpu=sum(node.cpu for node in nodes),
        memory_gb=sum(node.memory_gb for node in nodes),
        gpu=sum(node.gpu for node in nodes),
    )


async def _view_of(session: AsyncSession, row: GroupRow, principal: Principal) -> GroupView:
    return _view(await whole_group(session, row), principal, await visible_services(session, principal.projects))


def _view(group: StoredGroup, principal: Principal, seen: Collection[str] | None) -> GroupView:
    services = [service for service in group.services if seen is None or service in seen]
    return GroupView(
        **group.row.model_dump(),
        projects=[project for project in group.projects if principal.may_see(project)],
        service=services[0] if services else None,
        is_bound=bool(group.services),
        nodes=len(group.nodes),
        capacity=capacity_of(group.nodes),
    )
