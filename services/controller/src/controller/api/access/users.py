"""`/users` and `/tokens`: who may sign in, and with what."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel

from controller.api.dependencies import Actor, CurrentPrincipal, Dependencies, IfMatch, json_answer
from controller.api.idempotency import PostRequest, no_preparation
from controller.api.pagination import Cursor, Page, PageSize, cursor_after, cursor_of_page, cursor_position
from controller.domain.access.keys import is_alive
from controller.domain.access.people import NewToken, NewUser, UserChange
from controller.domain.access.roles import Principal, Role
from controller.handlers.access import people
from controller.handlers.unit_of_work import UnitOfWork, require_revision
from controller.store.access.people import load_token, load_user, page_of_users, roles_of, tokens_of, user_by_name
from controller.store.tables import TokenRow, UserRow
from shared.errors import NotFound

router = APIRouter(tags=["users"])

UserPath = Annotated[str, Path(max_length=63)]
TokenPath = Annotated[
    str, Path(max_length=63, description="Id of the token, or the name of one of the caller's own where one has it.")
]
ME = "me"


class UserView(BaseModel):
    """A user; `roles` by project, as given here (an identity provider's token may grant more)."""

    id: UUID
    name: str
    description: str
    is_admin: bool
    is_disabled: bool
    issuer: str | None
    subject: str | None
    roles: dict[str, Role]
    created_at: datetime
    updated_at: datetime
    revision: int


class TokenView(BaseModel):
    """A token without its secret. `parent_id` is the token that made it and that it does not outlive."""

    id: UUID
    parent_id: UUID | None
    name: str
    user: str
    expired: bool
    expires_at: datetime | None
    created_at: datetime


class IssuedTokenView(TokenView):
    """A token at the only moment when it is shown."""

    token: str


@router.post("/users", status_code=201, response_model=UserView)
async def create_user(command: NewUser, post: PostRequest) -> Response:
    """Create a user, who can do nothing yet: give them a role in a project. Needs an administrator."""

    async def work(unit: UnitOfWork, _: None) -> UserView:
        return _user_view(await people.create_user(unit, command), {})

    return await post.run_once(command, work, no_preparation)


@router.get("/users", response_model=Page[UserView])
async def list_users(deps: Dependencies, page_size: PageSize = 100, cursor: Cursor = None) -> Page[UserView]:
    """Users, oldest first. Needs an administrator."""
    async with deps.read_session() as session:
        found = await page_of_users(session, cursor_position(cursor), page_size + 1)
        shown = [_user_view(row, await roles_of(session, row.id)) for row in found[:page_size]]
    return Page(items=shown, next_cursor=cursor_of_page(found, page_size, lambda user: cursor_after(user.id)))


@router.get("/users/{user}", response_model=UserView)
async def read_user(user: UserPath, deps: Dependencies, principal: CurrentPrincipal) -> Response:
    """One user; `me` is the caller. Others than oneself are shown to administrators."""
    _must_be_self(principal, user)
    async with deps.read_session() as session:
        row = await load_user(session, principal.name if user == ME else user)
        roles = dict(principal.roles) if row.id == principal.user_id else await roles_of(session, row.id)
    return json_answer(_user_view(row, roles))


@router.patch("/users/{user}", response_model=UserView)
async def change_user(
    user: UserPath, change: UserChange, deps: Dependencies, actor: Actor, allowed: IfMatch
) -> Response:
    """Edit a user: description, administrator or not, disabled or not. Needs an administrator."""
    async with deps.unit_of_work(actor) as unit:
        row = await load_user(unit.session, user, for_update=True)
        require_revision(allowed, row.revision)
        await people.change_user(unit, row, change)
        return json_answer(_user_view(row, await roles_of(unit.session, row.id)))


@router.delete("/users/{user}", status_code=204)
async def delete_user(user: UserPath, deps: Dependencies, actor: Actor, allowed: IfMatch) -> Response:
    """Remove a user with their tokens and memberships. Needs an administrator."""
    async with deps.unit_of_work(actor) as unit:
        row = await load_user(unit.session, user, for_update=True)
        require_revision(allowed, row.revision)
        await people.delete_user(unit, row)
    return Response(status_code=204)


@router.post("/tokens", status_code=201, response_model=IssuedTokenView)
async def issue_token(command: NewToken, post: PostRequest, principal: CurrentPrincipal) -> Response:
    """Issue a token of the caller's (an administrator may name another user). `token` is shown this once.

    It ends with the token that made it, however that ends.
    """

    async def work(unit: UnitOfWork, _: None) -> IssuedTokenView:
        row, user, plain = await people.issue_token(unit, principal, command)
        return IssuedTokenView(**_token_fields(row, user.name, unit.now), token=plain)

    return await post.run_once(command, work, no_preparation)


@router.get("/tokens", response_model=Page[TokenView])
async def list_tokens(
    deps: Dependencies, principal: CurrentPrincipal, user: Annotated[str, Query(max_length=63)] = ME
) -> Page[TokenView]:
    """The caller's tokens, or (for administrators) those of `user`, newest first, without their secrets."""
    name, now = principal.name if user == ME else user, deps.clock.now()
    async with deps.read_session() as session:
        owner = await user_by_name(session, name) if name == principal.name or principal.is_admin else None
        found = await tokens_of(session, owner.id) if owner else []
    return Page(items=[TokenView(**_token_fields(row, name, now)) for row in found])


@router.delete("/tokens/{token_id}", status_code=204)
async def revoke_token(token_id: TokenPath, deps: Dependencies, actor: Actor, principal: CurrentPrincipal) -> Response:
    """End one of the caller's tokens (an administrator may end anybody's), and those that it has made, at once."""
    async with deps.unit_of_work(actor) as unit:
        row = await load_token(unit.session, token_id, principal, unit.now)
        await people.revoke_token(unit, row)
    return Response(status_code=204)


def _must_be_self(principal: Principal, user: str) -> None:
    if user not in (ME, principal.name) and not principal.is_admin:
        raise NotFound(f"There is no user {user[:64]!r}")


def _user_view(row: UserRow, roles: dict[str, Role]) -> UserView:
    return UserView(**row.model_dump(), roles=roles)


def _token_fields(row: TokenRow, user: str, now: datetime) -> dict[str, object]:
    fields = row.model_dump(include={"id", "parent_id", "name", "expires_at", "created_at"})
    return {**fields, "user": user, "expired": not is_alive(None, row.expires_at, now)}
