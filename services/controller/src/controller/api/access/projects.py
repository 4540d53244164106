"""`/projects`: the tenants, and who has which role in them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel

from controller.api.dependencies import Actor, IfMatch, TheCaller, TheDoor, json_answer
from controller.api.idempotency import Posting, nothing
from controller.api.pagination import Page, PageSize, cursor_of_token, token_of_cursor
from controller.domain.access.people import Membership, NewProject, ProjectChange
from controller.domain.access.roles import Role
from controller.handlers.access import people
from controller.handlers.unit_of_work import Unit, must_match
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
async def create_project(asked: NewProject, post: Posting, caller: TheCaller) -> Response:
    """Create a project. Needs an administrator."""

    async def work(unit: Unit, _: None) -> ProjectView:
        return _view(await people.create_project(unit, asked), caller.roles.get(asked.name))

    return await post.once(asked, work, nothing)


@router.get("/projects", response_model=Page[ProjectView])
async def list_projects(
    door: TheDoor,
    caller: TheCaller,
    page_size: PageSize = 100,
    cursor: Annotated[str | None, Query(max_length=512)] = None,
) -> Page[ProjectView]:
    """The caller's projects (an administrator's: all) by name."""
    async with door.look() as session:
        found = await page_of_projects(session, caller.projects, token_of_cursor(cursor), page_size + 1)
    shown = found[:page_size]
    return Page(
        items=[_view(row, caller.roles.get(row.name)) for row in shown],
        next_cursor=cursor_of_token(shown[-1].name) if len(found) > page_size else None,
    )


@router.get("/projects/{project}", response_model=ProjectView)
async def read_project(project: ProjectPath, door: TheDoor, caller: TheCaller) -> Response:
    """One project."""
    async with door.look() as session:
        return json_answer(_view(await load_project(session, project), caller.roles.get(project)))


@router.patch("/projects/{project}", response_model=ProjectView)
async def change_project(
    project: ProjectPath, change: ProjectChange, *, door: TheDoor, actor: Actor, caller: TheCaller, allowed: IfMatch
) -> Response:
    """Edit the description. Needs the project's admin."""
    async with door.unit(actor) as unit:
        row = await load_project(unit.session, project, for_update=True)
        must_match(allowed, row.revision)
        await people.change_project(unit, row, change)
        return json_answer(_view(row, caller.roles.get(project)))


@router.delete("/projects/{project}", status_code=204)
async def delete_project(project: ProjectPath, door: TheDoor, actor: Actor, allowed: IfMatch) -> Response:
    """Remove a project that has nothing left in it. Needs an administrator."""
    async with door.unit(actor) as unit:
        row = await load_project(unit.session, project, for_update=True)
        must_match(allowed, row.revision)
        await people.delete_project(unit, row)
    return Response(status_code=204)


@router.get("/projects/{project}/members", response_model=Page[MemberView])
async def list_members(project: ProjectPath, door: TheDoor) -> Page[MemberView]:
    """Who has which role, by name."""
    async with door.look() as session:
        await load_project(session, project)
        found = await members_of(session, project)
    return Page(items=[MemberView.model_validate(member, from_attributes=True) for member in found])


@router.put("/projects/{project}/members/{user}", response_model=MemberView)
async def set_member(
    project: ProjectPath, user: UserPath, asked: Membership, door: TheDoor, actor: Actor
) -> MemberView:
    """Give a user a role, whatever it was before. Needs the project's admin."""
    async with door.unit(actor) as unit:
        found = await load_user(unit.session, user)
        member = await people.set_role(unit, project, found, asked.role)
        return MemberView(user=found.name, role=asked.role, created_at=member.created_at)


@router.delete("/projects/{project}/members/{user}", status_code=204)
async def remove_member(project: ProjectPath, user: UserPath, door: TheDoor, actor: Actor) -> Response:
    """End a membership. Needs the project's admin."""
    async with door.unit(actor) as unit:
        await people.remove_member(unit, project, await load_user(unit.session, user))
    return Response(status_code=204)


def _view(row: ProjectRow, role: Role | None) -> ProjectView:
    return ProjectView(**row.model_dump(), role=role)
