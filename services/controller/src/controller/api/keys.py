"""`/services/{s}/keys`: issue, list, rotate, revoke."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Response

from controller.api.cursors import cursor_after, cursor_position
from controller.api.door import Actor, Cursor, PageSize, Posting, TheDoor, nothing
from controller.api.views import IssuedKeyView, KeyView, Page, issued_key_view, key_view
from controller.domain.commands import NewKey, Rotation
from controller.handlers import keys
from controller.handlers.unit import Unit
from controller.store.keys import keys_of, load_key
from controller.store.services import load_service

router = APIRouter(tags=["keys"])

KeyPath = Annotated[str, Path(max_length=63, description="Id of the key, or its name where one alone has it.")]


@router.post("/services/{service}/keys", status_code=201, response_model=IssuedKeyView)
async def issue_key(service: str, asked: NewKey, post: Posting) -> Response:
    """Issue an API key. `key` is shown this once."""

    async def work(unit: Unit, _: None) -> IssuedKeyView:
        stored = await load_service(unit.session, service, for_update=True)
        row, plain = await keys.issue_key(unit, stored, asked)
        return issued_key_view(row, plain, unit.now)

    return await post.once(asked, work, nothing)


@router.get("/services/{service}/keys", response_model=Page[KeyView])
async def list_keys(service: str, door: TheDoor, page_size: PageSize = 100, cursor: Cursor = None) -> Page[KeyView]:
    """Keys that were not revoked, newest first, without their secrets."""
    now = door.clock.now()
    async with door.look() as session:
        stored = await load_service(session, service)
        found = await keys_of(session, stored.row.id, cursor_position(cursor), page_size + 1)
    shown = [key_view(key, now) for key in found[:page_size]]
    return Page(items=shown, next_cursor=cursor_after(shown[-1].id) if len(found) > page_size else None)


@router.delete("/services/{service}/keys/{key_id}", status_code=204)
async def revoke_key(service: str, key_id: KeyPath, door: TheDoor, actor: Actor) -> Response:
    """Revoke a key; every router refuses it within a second."""
    async with door.unit(actor) as unit:
        stored = await load_service(unit.session, service, for_update=True)
        await keys.revoke_key(unit, stored, await load_key(unit.session, stored.row.id, key_id, unit.now))
    return Response(status_code=204)


@router.post("/services/{service}/keys/{key_id}/rotate", status_code=201, response_model=IssuedKeyView)
async def rotate_key(service: str, key_id: KeyPath, post: Posting, asked: Rotation | None = None) -> Response:
    """Issue a successor under the same name; the old key stays alive until revoked, or for `grace_s`."""

    async def work(unit: Unit, _: None) -> IssuedKeyView:
        stored = await load_service(unit.session, service, for_update=True)
        old = await load_key(unit.session, stored.row.id, key_id, unit.now)
        row, plain = await keys.rotate_key(unit, stored, old, asked or Rotation())
        return issued_key_view(row, plain, unit.now)

    return await post.once(asked, work, nothing)
