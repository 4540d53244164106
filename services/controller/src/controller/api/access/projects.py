"""`/projects`: the tenants, and who has which role in them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel

from controller.api.dependencies import Actor, CurrentPrincipal, Dependencies, IfMatch, json_answer
from controller.api.idempotency import PostRequest, no_preparation
from controller.api.pagination import Cursor, Page, PageSize, cursor_of_page, cursor_of_token, token_of_cursor
from controller.domain.access.people import Membership, NewProject, ProjectChange
from controller.domain.access.roles import Role
from controller.handlers.access import people
from controller.handlers.unit_of_work import UnitOfWork, require_revision
from controller.store.access.people import load_project, load_user, members_of, page_of_projects
from controller.store.tables import ProjectRow

router = APIRouter(tags=["projects"])

ProjectPath = Annotated[str, Path(max_length=63)]
UserPath = Annotated[str, Path(max_length=63)]


class ProjectView(BaseModel):
    """A project; `role` is the caller's own in it (null: an administrator of the installation without one)."""

    name: str
    description: str
    role: Role | None
    creator: str
    created_at: datetime
    updated_at: datetime
    revision: int


class MemberView(BaseModel):
    """A user's role in a project."""

    user: str
    role: Role
    created_at: datetime


@router.post("/projects", status_code=201, response_model=ProjectView)
async def create_project(command: NewProject, post: PostRequest, principal: CurrentPrincipal) -> Response:
    """Create a project. Needs an administrator."""

    async def work(unit: UnitOfWork, _: None) -> ProjectView:
        return _view(await people.create_project(unit, command), principal.roles.get(command.name))

    return await post.run_once(command, work, no_preparation)


@router.get("/projects", response_model=Page[ProjectView])
async def list_projects(
    deps: Dependencies,
    principal: CurrentPrincipal,
    page_size: PageSize = 100,
    cursor: Cursor = None,
) -> Page[ProjectView]:
    """The caller's projects (an administrator's: all) by name."""
    async with deps.read_session() as session:
        found = await page_of_projects(session, principal.projects, token_of_cursor(cursor), page_size + 1)
    following = cursor_of_page(found, page_size, lambda row: cursor_of_token(row.name))
    shown = [_view(row, principal.roles.get(row.name)) for row in found[:page_size]]
    return Page(items=shown, next_cursor=following)


@router.get("/projects/{project}", response_model=ProjectView)
async def read_project(project: ProjectPath, deps: Dependencies, principal: CurrentPrincipal) -> Response:
    """One project."""
    async with deps.read_session() as session:
        return json_answer(_view(await load_project(session, project), principal.roles.get(project)))


@router.patch("/projects/{project}", response_model=ProjectView)
async def change_project(
    project: ProjectPath,
    change: ProjectChange,
    *,
    deps: Dependencies,
    actor: Actor,
    principal: CurrentPrincipal,
    allowed: IfMatch,
) -> Response:
    """Edit the description. Needs the project's admin."""
    async with deps.unit_of_work(actor) as unit:
        row = await load_project(unit.session, project, for_update=True)
        require_revision(allowed, row.revision)
        await people.change_project(unit, row, change)
        return json_answer(_view(row, principal.roles.get(project)))


@router.delete("/projects/{project}", status_code=204)
async def delete_project(project: ProjectPath, deps: Dependencies, actor: Actor, allowed: IfMatch) -> Response:
    """Remove a project that has nothing left in it. Needs an administrator."""
    async with deps.unit_of_work(actor) as unit:
        row = await load_project(unit.session, project, for_update=True)
        require_revision(allowed, row.revision)
        await people.delete_project(unit, row)
    return Response(status_code=204)


@router.get("/projects/{project}/members", response_model=Page[MemberView])
async def list_members(project: ProjectPath, deps: Dependencies) -> Page[MemberView]:
    """Who has which role, by name."""
    async with deps.read_session() as session:
        await load_project(session, project)
        found = await members_of(session, project)
    return Page(items=[MemberView.model_validate(member, from_attributes=True) for member in found])


@router.put("/projects/{project}/members/{user}", response_model=MemberView)
async def set_member(
    project: ProjectPath, user: UserPath, command: Membership, deps: Dependencies, actor: Actor
) -> MemberView:
    """Give a user a role, whatever it was before. Needs the project's admin."""
    async with deps.unit_of_work(actor) as unit:
        found = await load_user(unit.session, user)
        member = await people.set_role(unit, project, found, command.role)
        return MemberView(user=found.name, role=command.role, created_at=member.created_at)


@router.delete("/projects/{project}/members/{user}", status_code=204)
async def remove_member(project: ProjectPath, user: UserPath, deps: Dependencies, actor: Actor) -> Response:
    """End a membership. Needs the project's admin."""
    async with deps.unit_of_work(actor) as unit:
        await people.remove_member(unit, project, await load_user(unit.session, user))
    return Response(status_code=204)


def _view(row: ProjectRow, role: Role | None) -> ProjectView:
    return ProjectView(**row.model_dump(), role=role)
