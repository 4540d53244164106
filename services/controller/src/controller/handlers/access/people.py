"""Use cases of projects, members, users and their tokens."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from controller.domain.access.keys import digest, mint_token, sooner
from controller.domain.access.people import NewProject, NewToken, NewUser, ProjectChange, UserChange
from controller.domain.access.roles import DEFAULT_PROJECT, Caller, Role
from controller.domain.commands import must_be_ahead
from controller.handlers.unit_of_work import Unit, delete_with
from controller.store.access.people import (
    count_admins,
    count_services,
    load_project,
    load_user,
    memberships,
    tokens_above,
    tokens_below,
    tokens_of,
    user_by_name,
)
from controller.store.registries.secrets import page_of_secrets
from controller.store.resources.groups import grants_of_project
from controller.store.tables import MemberRow, ProjectRow, TokenRow, UserRow
from shared.errors import Conflict, Forbidden, NotFound

MAX_GENERATIONS = 8
"""Tokens that made each other, one after the other: each request looks at all that stand above its own."""


async def create_project(unit: Unit, asked: NewProject) -> ProjectRow:
    """A new project without members; `Conflict` when the name is taken."""
    if await unit.session.get(ProjectRow, asked.name) is not None:
        raise Conflict(f"There is already a project {asked.name!r}")
    row = ProjectRow(
        name=asked.name,
        description=asked.description,
        creator=unit.actor,
        created_at=unit.now,
        updated_at=unit.now,
    )
    unit.session.add(row)
    await unit.session.flush()
    return row


async def change_project(unit: Unit, project: ProjectRow, change: ProjectChange) -> None:
    """Apply the fields that `change` names."""
    _apply(unit, project, change.model_dump(exclude_unset=True))


async def delete_project(unit: Unit, project: ProjectRow) -> None:
    """Remove a project of which nothing is left; `Conflict` otherwise."""
    if project.name == DEFAULT_PROJECT:
        raise Conflict("The default project cannot be deleted")
    if left := await count_services(unit.session, project.name):
        raise Conflict(f"Project {project.name!r} still has {left} services: delete them first")
    if secrets := await page_of_secrets(unit.session, {project.name}, None, 1):
        raise Conflict(f"Project {project.name!r} still has secrets, such as {secrets[0].name!r}: delete them first")
    grants = await grants_of_project(unit.session, project.name)
    await delete_with(unit, project, [*await memberships(unit.session, project=project.name), *grants])


async def set_role(unit: Unit, project: str, user: UserRow, role: Role) -> MemberRow:
    """Make `user` a member with this role, whatever it was."""
    await load_project(unit.session, project)
    member = await unit.session.get(MemberRow, (project, user.id))
    if member is None:
        member = MemberRow(project=project, user_id=user.id, role=role, created_at=unit.now)
        unit.session.add(member)
    member.role = role
    return member


async def remove_member(unit: Unit, project: str, user: UserRow) -> None:
    """End a membership; `NotFound` where there is none."""
    member = await unit.session.get(MemberRow, (project, user.id))
    if member is None:
        raise NotFound(f"{user.name!r} is no member of project {project!r}")
    await unit.session.delete(member)


async def create_user(unit: Unit, asked: NewUser) -> UserRow:
    """A new user without tokens or memberships; `Conflict` when the name is taken."""
    if await user_by_name(unit.session, asked.name) is not None:
        raise Conflict(f"There is already a user {asked.name!r}")
    row = UserRow(**asked.model_dump(), created_at=unit.now, updated_at=unit.now)
    unit.session.add(row)
    await unit.session.flush()
    return row


async def change_user(unit: Unit, user: UserRow, change: UserChange) -> None:
    """Apply the fields that `change` names; the last administrator stays one."""
    _apply(unit, user, change.model_dump(exclude_unset=True))
    await _must_have_an_admin(unit.session)


async def delete_user(unit: Unit, user: UserRow) -> None:
    """Remove a user with memberships and tokens, and end what these have made; the last administrator stays."""
    tokens = await tokens_of(unit.session, user.id)
    await end_below(unit.session, [token.id for token in tokens], unit.now)
    await delete_with(unit, user, [*await memberships(unit.session, user_id=user.id), *tokens])
    await _must_have_an_admin(unit.session)


async def issue_token(unit: Unit, caller: Caller, asked: NewToken) -> tuple[TokenRow, UserRow, str]:
    """A token of the caller, or (for administrators) of `asked.user`, with its plain text.

    A token lives no longer than the installation allows, unless an administrator asks for one that does; and never
    longer than what the caller asks with.
    """
    if asked.user not in (None, caller.name):
        caller.must_be_admin()
    user = await load_user(unit.session, asked.user or caller.name)
    await _must_have_room_above(unit.session, caller)
    plain = mint_token()
    row = TokenRow(
        user_id=user.id,
        parent_id=caller.token_id,
        name=asked.name,
        sha256=digest(plain),
        expires_at=_expiry(unit, caller, asked),
        created_at=unit.now,
    )
    unit.session.add(row)
    await unit.session.flush()
    return row, user, plain


async def revoke_token(unit: Unit, token: TokenRow) -> None:
    """End a token now, and those that it has made."""
    token.revoked_at = unit.now
    await end_below(unit.session, [token.id], unit.now)


async def end_below(session: AsyncSession, token_ids: Collection[UUID], now: datetime) -> None:
    """End every token that these have made, and what those made."""
    for token in await tokens_below(session, token_ids):
        token.revoked_at = now


async def _must_have_room_above(session: AsyncSession, caller: Caller) -> None:
    if len(await tokens_above(session, caller.token_id)) >= MAX_GENERATIONS:
        raise Forbidden(f"This token is the {MAX_GENERATIONS}th of a line of tokens that made each other: sign in anew")


def _expiry(unit: Unit, caller: Caller, asked: NewToken) -> datetime | None:
    longest = sooner(unit.now + unit.rules.token_lifetime, caller.ends_at) or unit.now
    if "expires_at" not in asked.model_fields_set:
        return longest
    must_be_ahead(asked.expires_at, unit.now)
    if sooner(asked.expires_at, caller.ends_at) != asked.expires_at:
        raise Forbidden(f"The token that asks ends at {caller.ends_at}: none that it makes may live longer")
    if not caller.is_admin and (asked.expires_at is None or asked.expires_at > longest):
        raise Forbidden(f"A token may live {unit.rules.token_lifetime.days} days; only administrators may ask for more")
    return asked.expires_at


async def _must_have_an_admin(session: AsyncSession) -> None:
    await session.flush()
    if not await count_admins(session):
        raise Conflict("There must be an administrator who can sign in")


def _apply(unit: Unit, row: ProjectRow | UserRow, values: dict[str, object]) -> None:
    for name, value in values.items():
        setattr(row, name, value)
    if values:
        row.revision += 1
        row.updated_at = unit.now
