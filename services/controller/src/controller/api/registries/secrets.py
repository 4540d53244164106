"""`/secrets`: credentials that the platform keeps. They go in and never come out."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel

from controller.api.dependencies import Actor, IfMatch, TheCaller, TheDoor, json_answer
from controller.api.idempotency import Posting, nothing
from controller.api.pagination import Page, PageSize, cursor_of_token, token_of_cursor
from controller.domain.access.roles import Caller, Role
from controller.domain.registries.secrets import NewSecret, SecretKind, SecretValue
from controller.handlers.registries import secrets
from controller.handlers.unit_of_work import Unit, must_match
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
async def create_secret(asked: NewSecret, post: Posting, caller: TheCaller) -> Response:
    """Keep a secret. Needs an editor of its project."""
    caller.must_have(Role.EDITOR, asked.project, f"There is no project {asked.project!r}")

    async def work(unit: Unit, _: None) -> SecretView:
        return _view(await secrets.create_secret(unit, post.door.vault, asked))

    return await post.once(asked, work, nothing)


@router.get("/secrets", response_model=Page[SecretView])
async def list_secrets(
    door: TheDoor,
    caller: TheCaller,
    page_size: PageSize = 100,
    cursor: Annotated[str | None, Query(max_length=512)] = None,
) -> Page[SecretView]:
    """Secrets of the caller's projects by name, without their values."""
    async with door.look() as session:
        found = await page_of_secrets(session, caller.projects, token_of_cursor(cursor), page_size + 1)
    shown = found[:page_size]
    following = cursor_of_token(shown[-1].name) if len(found) > page_size else None
    return Page(items=[_view(row) for row in shown], next_cursor=following)


@router.get("/secrets/{secret}", response_model=SecretView)
async def read_secret(secret: SecretPath, door: TheDoor, caller: TheCaller) -> Response:
    """One secret, without its value."""
    async with door.look() as session:
        row = await load_secret(session, secret)
    return json_answer(_view(_allowed(row, caller, Role.VIEWER)))


@router.put("/secrets/{secret}", response_model=SecretView)
async def replace_secret(
    secret: SecretPath, asked: SecretValue, *, door: TheDoor, actor: Actor, caller: TheCaller, allowed: IfMatch
) -> Response:
    """Replace the whole value. Needs an editor of its project."""
    async with door.unit(actor) as unit:
        row = _allowed(await load_secret(unit.session, secret, for_update=True), caller, Role.EDITOR)
        must_match(allowed, row.revision)
        await secrets.replace_secret(unit, door.vault, row, asked)
        return json_answer(_view(row))


@router.delete("/secrets/{secret}", status_code=204)
async def delete_secret(
    secret: SecretPath, door: TheDoor, actor: Actor, caller: TheCaller, allowed: IfMatch
) -> Response:
    """Forget a secret that no version uses, for good. Needs an editor of its project."""
    async with door.unit(actor) as unit:
        row = _allowed(await load_secret(unit.session, secret, for_update=True), caller, Role.EDITOR)
        must_match(allowed, row.revision)
        await secrets.delete_secret(unit, row)
    return Response(status_code=204)


def _allowed(row: SecretRow, caller: Caller, need: Role) -> SecretRow:
    caller.must_have(need, row.project, f"There is no secret {row.name!r}")
    return row


def _view(row: SecretRow) -> SecretView:
    return SecretView.model_validate(row, from_attributes=True)
