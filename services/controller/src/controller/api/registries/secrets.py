"""`/secrets`: credentials that the platform keeps. They go in and never come out."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel

from controller.api.dependencies import Actor, CurrentPrincipal, Dependencies, IfMatch, json_answer
from controller.api.idempotency import PostRequest, no_preparation
from controller.api.pagination import Cursor, Page, PageSize, cursor_of_page, cursor_of_token, token_of_cursor
from controller.domain.access.roles import Principal, Role
from controller.domain.registries.secrets import NewSecret, SecretKind, SecretValue
from controller.handlers.registries import secrets
from controller.handlers.unit_of_work import UnitOfWork, require_revision
from controller.store.registries.secrets import load_secret, page_of_secrets
from controller.store.tables import SecretRow

router = APIRouter(tags=["secrets"])

SecretPath = Annotated[str, Path(max_length=63)]


class SecretView(BaseModel):
    """A secret without its value: `fields` are the names of what it holds."""

    id: UUID
    name: str
    project: str
    kind: SecretKind
    description: str
    fields: list[str]
    creator: str
    created_at: datetime
    updated_at: datetime
    revision: int


@router.post("/secrets", status_code=201, response_model=SecretView)
async def create_secret(command: NewSecret, post: PostRequest, principal: CurrentPrincipal) -> Response:
    """Keep a secret. Needs an editor of its project."""
    principal.require_role(Role.EDITOR, command.project, f"There is no project {command.project!r}")

    async def work(unit: UnitOfWork, _: None) -> SecretView:
        return _view(await secrets.create_secret(unit, post.deps.vault, command))

    return await post.run_once(command, work, no_preparation)


@router.get("/secrets", response_model=Page[SecretView])
async def list_secrets(
    deps: Dependencies,
    principal: CurrentPrincipal,
    page_size: PageSize = 100,
    cursor: Cursor = None,
) -> Page[SecretView]:
    """Secrets of the caller's projects by name, without their values."""
    async with deps.read_session() as session:
        found = await page_of_secrets(session, principal.projects, token_of_cursor(cursor), page_size + 1)
    following = cursor_of_page(found, page_size, lambda row: cursor_of_token(row.name))
    return Page(items=[_view(row) for row in found[:page_size]], next_cursor=following)


@router.get("/secrets/{secret}", response_model=SecretView)
async def read_secret(secret: SecretPath, deps: Dependencies, principal: CurrentPrincipal) -> Response:
    """One secret, without its value."""
    async with deps.read_session() as session:
        row = await load_secret(session, secret)
    return json_answer(_view(_allowed(row, principal, Role.VIEWER)))


@router.put("/secrets/{secret}", response_model=SecretView)
async def replace_secret(
    secret: SecretPath,
    command: SecretValue,
    *,
    deps: Dependencies,
    actor: Actor,
    principal: CurrentPrincipal,
    allowed: IfMatch,
) -> Response:
    """Replace the whole value. Needs an editor of its project."""
    async with deps.unit_of_work(actor) as unit:
        row = _allowed(await load_secret(unit.session, secret, for_update=True), principal, Role.EDITOR)
        require_revision(allowed, row.revision)
        await secrets.replace_secret(unit, deps.vault, row, command)
        return json_answer(_view(row))


@router.delete("/secrets/{secret}", status_code=204)
async def delete_secret(
    secret: SecretPath, deps: Dependencies, actor: Actor, principal: CurrentPrincipal, allowed: IfMatch
) -> Response:
    """Forget a secret that no version uses, for good. Needs an editor of its project."""
    async with deps.unit_of_work(actor) as unit:
        row = _allowed(await load_secret(unit.session, secret, for_update=True), principal, Role.EDITOR)
        require_revision(allowed, row.revision)
        await secrets.delete_secret(unit, row)
    return Response(status_code=204)


def _allowed(row: SecretRow, principal: Principal, need: Role) -> SecretRow:
    principal.require_role(need, row.project, f"There is no secret {row.name!r}")
    return row


def _view(row: SecretRow) -> SecretView:
    return SecretView.model_validate(row, from_attributes=True)
