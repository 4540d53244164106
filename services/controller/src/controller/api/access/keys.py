"""`/services/{s}/keys`: issue, list, rotate, revoke."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel

from controller.api.dependencies import Actor, Dependencies
from controller.api.idempotency import PostRequest, no_preparation
from controller.api.pagination import Cursor, Page, PageSize, cursor_after, cursor_of_page, cursor_position
from controller.domain.access.key_commands import NewKey, Rotation
from controller.domain.access.keys import SCOPES, Scope, is_alive
from controller.handlers.access import keys
from controller.handlers.unit_of_work import UnitOfWork
from controller.store.access.keys import keys_of, load_key
from controller.store.services.services import load_service
from controller.store.tables import ApiKeyRow

router = APIRouter(tags=["keys"])

KeyPath = Annotated[str, Path(max_length=63, description="Id of the key, or its name where one alone has it.")]


class KeyView(BaseModel):
    """An API key without its secret."""

    id: UUID
    name: str
    prefix: str
    expired: bool
    expires_at: datetime | None
    scopes: list[Scope]
    last_used_at: datetime | None
    creator: str
    created_at: datetime


class IssuedKeyView(KeyView):
    """An API key at the only moment when it is shown."""

    key: str


@router.post("/services/{service}/keys", status_code=201, response_model=IssuedKeyView)
async def issue_key(service: str, command: NewKey, post: PostRequest) -> Response:
    """Issue an API key. `key` is shown this once."""

    async def work(unit: UnitOfWork, _: None) -> IssuedKeyView:
        stored = await load_service(unit.session, service, for_update=True)
        row, plain = await keys.issue_key(unit, stored, command)
        return issued_key_view(row, plain, unit.now)

    return await post.run_once(command, work, no_preparation)


@router.get("/services/{service}/keys", response_model=Page[KeyView])
async def list_keys(
    service: str, deps: Dependencies, page_size: PageSize = 100, cursor: Cursor = None
) -> Page[KeyView]:
    """Keys that were not revoked, newest first, without their secrets."""
    now = deps.clock.now()
    async with deps.read_session() as session:
        stored = await load_service(session, service)
        found = await keys_of(session, stored.row.id, cursor_position(cursor), page_size + 1)
    shown = [key_view(key, now) for key in found[:page_size]]
    return Page(items=shown, next_cursor=cursor_of_page(found, page_size, lambda key: cursor_after(key.id)))


@router.delete("/services/{service}/keys/{key_id}", status_code=204)
async def revoke_key(service: str, key_id: KeyPath, deps: Dependencies, actor: Actor) -> Response:
    """Revoke a key; every router refuses it within a second."""
    async with deps.unit_of_work(actor) as unit:
        stored = await load_service(unit.session, service, for_update=True)
        await keys.revoke_key(unit, stored, await load_key(unit.session, stored.row.id, key_id, unit.now))
    return Response(status_code=204)


@router.post("/services/{service}/keys/{key_id}/rotate", status_code=201, response_model=IssuedKeyView)
async def rotate_key(service: str, key_id: KeyPath, post: PostRequest, asked: Rotation | None = None) -> Response:
    """Issue a successor under the same name; the old key stays alive until revoked, or for `grace_s`."""

    async def work(unit: UnitOfWork, _: None) -> IssuedKeyView:
        stored = await load_service(unit.session, service, for_update=True)
        old = await load_key(unit.session, stored.row.id, key_id, unit.now)
        row, plain = await keys.rotate_key(unit, stored, old, asked or Rotation())
        return issued_key_view(row, plain, unit.now)

    return await post.run_once(asked, work, no_preparation)


def key_view(key: ApiKeyRow, now: datetime) -> KeyView:
    """A key as callers see it."""
    return KeyView(**_key_fields(key, now))


def issued_key_view(key: ApiKeyRow, plain: str, now: datetime) -> IssuedKeyView:
    """A key when it is issued."""
    return IssuedKeyView(**_key_fields(key, now), key=plain)


def _key_fields(key: ApiKeyRow, now: datetime) -> dict[str, Any]:
    fields = key.model_dump(include={"id", "name", "prefix", "expires_at", "last_used_at", "creator", "created_at"})
    return {
        **fields,
        "scopes": key.scopes if key.scopes is not None else SCOPES,
        "expired": not is_alive(None, key.expires_at, now),
    }
