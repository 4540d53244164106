"""Use cases of projects, members, users and their tokens."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from controller.domain.access.keys import digest, earliest_expiry, mint_token
from controller.domain.access.people import NewProject, NewToken, NewUser, ProjectChange, UserChange
from controller.domain.access.roles import DEFAULT_PROJECT, Principal, Role
from controller.domain.commands import require_future
from controller.domain.names import taken
from controller.handlers.unit_of_work import UnitOfWork, delete_with_children
from controller.store.access.people import (
    count_admins,
    count_services,
    descendant_tokens,
    load_project,
    load_user,
    memberships,
    token_and_ancestors,
    tokens_of,
    user_by_name,
)
from controller.store.access.sessions import sessions_and_links_of
from controller.store.alerting.definitions import of_project, visible_channels
from controller.store.inference_tables.destinations import every_destination
from controller.store.registries.secrets import page_of_secrets
from controller.store.resources.groups import grants_of_project
from controller.store.tables import MemberRow, ProjectRow, TokenRow, UserRow
from shared.counted import counted
from shared.errors import Conflict, Forbidden, NotFound

MAX_GENERATIONS = 8
"""Tokens that made each other, one after the other: each request checks every ancestor of its own."""


async def create_project(unit: UnitOfWork, command: NewProject) -> ProjectRow:
    """A new project without members; `Conflict` when the name is taken."""
    if await unit.session.get(ProjectRow, command.name) is not None:
        raise taken(f"There is already a project {command.name!r}")
    row = ProjectRow(
        name=command.name,
        description=command.description,
        creator=unit.actor,
        created_at=unit.now,
        updated_at=unit.now,
    )
    unit.session.add(row)
    await unit.session.flush()
    return row


async def change_project(unit: UnitOfWork, project: ProjectRow, change: ProjectChange) -> None:
    """Apply the fields that `change` names."""
    _apply(unit, project, change.model_dump(exclude_unset=True))


async def delete_project(unit: UnitOfWork, project: ProjectRow) -> None:
    """Remove a project of which nothing is left; `Conflict` otherwise."""
    if project.name == DEFAULT_PROJECT:
        raise Conflict("The default project cannot be deleted")
    if left := await count_services(unit.session, project.name):
        them = "it" if left == 1 else "them"
        raise Conflict(f"Project {project.name!r} still has {counted(left, 'service')}: delete {them} first")
    if secrets := await page_of_secrets(unit.session, {project.name}, None, 1):
        raise Conflict(f"Project {project.name!r} still has secrets, such as {secrets[0].name!r}: delete them first")
    own = (row.name for row in await every_destination(unit.session, {project.name}) if row.project is not None)
    if (destination := next(own, None)) is not None:
        raise Conflict(f"Project {project.name!r} still has destinations, such as {destination!r}: delete them first")
    channels = (row.name for row in await visible_channels(unit.session, {project.name}) if row.project is not None)
    if (channel := next(channels, None)) is not None:
        raise Conflict(f"Project {project.name!r} still has channels, such as {channel!r}: delete them first")
    grants = await grants_of_project(unit.session, project.name)
    silences = await of_project(unit.session, project.name)
    members = await memberships(unit.session, project=project.name)
    await delete_with_children(unit, project, [*members, *grants, *silences])


async def set_role(unit: UnitOfWork, project: str, user: UserRow, role: Role) -> MemberRow:
    """Make `user` a member with this role, whatever it was."""
    await load_project(unit.session, project)
    member = await unit.session.get(MemberRow, (project, user.id))
    if member is None:
        member = MemberRow(project=project, user_id=user.id, role=role, created_at=unit.now)
        unit.session.add(member)
    member.role = role
    return member


async def remove_member(unit: UnitOfWork, project: str, user: UserRow) -> None:
    """End a membership; `NotFound` where there is none."""
    member = await unit.session.get(MemberRow, (project, user.id))
    if member is None:
        raise NotFound(f"{user.name!r} is no member of project {project!r}")
    await unit.session.delete(member)


async def create_user(unit: UnitOfWork, command: NewUser) -> UserRow:
    """A new user without tokens or memberships; `Conflict` when the name is taken."""
    if await user_by_name(unit.session, command.name) is not None:
        raise taken(f"There is already a user {command.name!r}")
    row = UserRow(**command.model_dump(), created_at=unit.now, updated_at=unit.now)
    unit.session.add(row)
    await unit.session.flush()
    return row


async def change_user(unit: UnitOfWork, user: UserRow, change: UserChange) -> None:
    """Apply the fields that `change` names; the last administrator stays one."""
    _apply(unit, user, change.model_dump(exclude_unset=True))
    await _must_have_an_admin(unit.session)


async def delete_user(unit: UnitOfWork, user: UserRow) -> None:
    """Remove a user with memberships and tokens, and end what these have made; the last administrator stays."""
    tokens = await tokens_of(unit.session, user.id)
    await revoke_descendants(unit.session, [token.id for token in tokens], unit.now)
    sessions = await sessions_and_links_of(unit.session, user.id)
    parts = [*await memberships(unit.session, user_id=user.id), *tokens, *sessions]
    await delete_with_children(unit, user, parts)
    await _must_have_an_admin(unit.session)


async def issue_token(unit: UnitOfWork, principal: Principal, command: NewToken) -> tuple[TokenRow, UserRow, str]:
    """A token of the caller, or (for administrators) of `command.user`, with its plain text.

    A token lives no longer than the installation allows, unless an administrator asks for one that does; and never
    longer than what the caller asks with.
    """
    if command.user not in (None, principal.name):
        principal.require_admin()
    user = await load_user(unit.session, command.user or principal.name)
    await _must_have_room_above(unit.session, principal)
    plain = mint_token()
    row = TokenRow(
        user_id=user.id,
        parent_id=principal.token_id,
        name=command.name,
        sha256=digest(plain),
        expires_at=_expiry(unit, principal, command),
        created_at=unit.now,
    )
    unit.session.add(row)
    await unit.session.flush()
    return row, user, plain


async def revoke_token(unit: UnitOfWork, token: TokenRow) -> None:
    """End a token now, and those that it has made."""
    token.revoked_at = unit.now
    await revoke_descendants(unit.session, [token.id], unit.now)


async def revoke_descendants(session: AsyncSession, token_ids: Collection[UUID], now: datetime) -> None:
    """End every token that these have made, and what those made."""
    for token in await descendant_tokens(session, token_ids):
        token.revoked_at = now


async def _must_have_room_above(session: AsyncSession, principal: Principal) -> None:
    if len(await token_and_ancestors(session, principal.token_id)) >= MAX_GENERATIONS:
        raise Forbidden(f"This token is the {MAX_GENERATIONS}th of a line of tokens that made each other: sign in anew")


def _expiry(unit: UnitOfWork, principal: Principal, command: NewToken) -> datetime | None:
    longest = earliest_expiry(unit.now + unit.limits.token_lifetime, principal.ends_at) or unit.now
    if "expires_at" not in command.model_fields_set:
        return longest
    require_future(command.expires_at, unit.now)
    if earliest_expiry(command.expires_at, principal.ends_at) != command.expires_at:
        raise Forbidden(f"The token that asks ends at {principal.ends_at}: none that it makes may live longer")
    if not principal.is_admin and (command.expires_at is None or command.expires_at > longest):
        raise Forbidden(
            f"A token may live {counted(unit.limits.token_lifetime.days, 'day')}; only administrators may ask for more"
        )
    return command.expires_at


async def _must_have_an_admin(session: AsyncSession) -> None:
    await session.flush()
    if not await count_admins(session):
        raise Conflict("There must be an administrator who can sign in")


def _apply(unit: UnitOfWork, row: ProjectRow | UserRow, values: dict[str, object]) -> None:
    for name, value in values.items():
        setattr(row, name, value)
    if values:
        row.revision += 1
        row.updated_at = unit.now
