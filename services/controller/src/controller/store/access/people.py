"""Users, their tokens, projects and their members."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlmodel import col, select

from controller.domain.access.keys import is_alive
from controller.domain.access.roles import Principal, Role
from controller.store.access.keys import find_by_id_or_name
from controller.store.tables import MemberRow, ProjectRow, ServiceRow, TokenRow, UserRow
from shared.errors import NotFound


@dataclass(frozen=True)
class Member:
    """A user's role in a project."""

    user: str
    role: Role
    created_at: datetime


async def principal_of_token(session: AsyncSession, sha256: str, now: datetime) -> Principal | None:
    """Owner of a valid token; None where it or an ancestor has expired, is revoked or has a disabled user."""
    query = select(TokenRow, UserRow).join(UserRow, col(UserRow.id) == col(TokenRow.user_id))
    found = (await session.execute(query.where(TokenRow.sha256 == sha256))).one_or_none()
    if found is None:
        return None
    token, user = found
    # The token itself has been read: a first token, which nobody made, costs no further query.
    line = [(token, user), *await token_and_ancestors(session, token.parent_id)]
    if not all(_opens(each, owner, now) for each, owner in line):
        return None
    principal = await principal_of_user(session, user)
    return replace(principal, token_id=token.id, ends_at=token.expires_at)


async def may_open(session: AsyncSession, token_id: UUID, now: datetime) -> bool:
    """Whether a token and those that made it are alive, each of a user who is not disabled."""
    line = await token_and_ancestors(session, token_id)
    return bool(line) and all(_opens(token, user, now) for token, user in line)


def _opens(token: TokenRow, user: UserRow, now: datetime) -> bool:
    return is_alive(token.revoked_at, token.expires_at, now) and not user.is_disabled


async def token_and_ancestors(session: AsyncSession, parent_id: UUID | None) -> Sequence[tuple[TokenRow, UserRow]]:
    """The token of that id, the one that made it, and so on, each with its user; nothing for None."""
    if parent_id is None:
        return ()
    tokens: Any = TokenRow
    line = select(tokens.id, tokens.parent_id).where(tokens.id == parent_id).cte("line", recursive=True)
    above = aliased(tokens)
    line = line.union_all(select(above.id, above.parent_id).join(line, above.id == line.c.parent_id))
    query = select(TokenRow, UserRow).join(line, tokens.id == line.c.id)
    found = await session.execute(query.join(UserRow, col(UserRow.id) == tokens.user_id))
    return [(token, user) for token, user in found]


async def descendant_tokens(session: AsyncSession, token_ids: Collection[UUID]) -> list[TokenRow]:
    """Tokens that these made, and those made by them, and so on; without the revoked ones."""
    tokens: Any = TokenRow
    line = select(tokens.id).where(tokens.parent_id.in_(token_ids)).cte("line", recursive=True)
    below = aliased(tokens)
    line = line.union_all(select(below.id).join(line, below.parent_id == line.c.id))
    query = select(TokenRow).join(line, tokens.id == line.c.id).where(tokens.revoked_at.is_(None))
    return list((await session.scalars(query)).unique().all())


async def user_of_subject(session: AsyncSession, issuer: str, subject: str) -> UserRow | None:
    """The user that an identity provider calls `subject`."""
    return (
        await session.scalars(select(UserRow).where(UserRow.issuer == issuer, UserRow.subject == subject))
    ).one_or_none()


async def user_by_name(session: AsyncSession, name: str) -> UserRow | None:
    """A user, if there is one of that name."""
    return (await session.scalars(select(UserRow).where(UserRow.name == name))).one_or_none()


async def load_user(session: AsyncSession, name: str, *, for_update: bool = False) -> UserRow:
    """A user by name; `NotFound` names it."""
    query = select(UserRow).where(UserRow.name == name)
    row = (await session.scalars(query.with_for_update() if for_update else query)).one_or_none()
    if row is None:
        raise NotFound(f"There is no user {name[:64]!r}")
    return row


async def roles_of(session: AsyncSession, user_id: UUID) -> dict[str, Role]:
    """The user's role in each project."""
    found = await session.scalars(select(MemberRow).where(MemberRow.user_id == user_id))
    return {member.project: Role(member.role) for member in found}


async def principal_of_user(session: AsyncSession, user: UserRow) -> Principal:
    """The user as a principal."""
    return Principal(user.name, user.id, user.is_admin, await roles_of(session, user.id))


async def count_admins(session: AsyncSession) -> int:
    """Administrators who can sign in."""
    query = select(func.count()).where(col(UserRow.is_admin), ~col(UserRow.is_disabled))
    return int((await session.execute(query)).scalar_one())


async def page_of_users(session: AsyncSession, after: UUID | None, size: int) -> list[UserRow]:
    """Up to `size` users made after `after`, oldest first."""
    query = select(UserRow).order_by(col(UserRow.id)).limit(size)
    if after is not None:
        query = query.where(col(UserRow.id) > after)
    return list((await session.scalars(query)).all())


async def tokens_of(session: AsyncSession, user_id: UUID) -> list[TokenRow]:
    """Tokens of a user that were not revoked, newest first; expired ones among them."""
    query = select(TokenRow).where(TokenRow.user_id == user_id, col(TokenRow.revoked_at).is_(None))
    return list((await session.scalars(query.order_by(col(TokenRow.id).desc()))).all())


async def load_token(session: AsyncSession, id_or_name: str, principal: Principal, now: datetime) -> TokenRow:
    """A token that was not revoked: one of the caller's by id or name, for administrators anybody's by its id."""
    if principal.is_admin and (token_id := uuid_of(id_or_name)) is not None:
        row = await session.get(TokenRow, token_id)
        if row is not None and row.revoked_at is None:
            return row
    return find_by_id_or_name(await tokens_of(session, principal.user_id), id_or_name, "token", now)


def uuid_of(text: str) -> UUID | None:
    """`text` as an id; None for what is none."""
    try:
        return UUID(text)
    except ValueError:
        return None


async def load_project(session: AsyncSession, name: str, *, for_update: bool = False) -> ProjectRow:
    """A project by name; `NotFound` names it."""
    row = await session.get(ProjectRow, name, with_for_update=for_update)
    if row is None:
        raise NotFound(f"There is no project {name[:64]!r}")
    return row


async def page_of_projects(
    session: AsyncSession, visible: Collection[str] | None, after: str | None, size: int
) -> list[ProjectRow]:
    """Up to `size` projects by name, those after `after`; of `visible` only, where given."""
    query = select(ProjectRow).order_by(col(ProjectRow.name)).limit(size)
    if visible is not None:
        query = query.where(col(ProjectRow.name).in_(visible))
    if after is not None:
        query = query.where(col(ProjectRow.name) > after)
    return list((await session.scalars(query)).all())


async def members_of(session: AsyncSession, project: str) -> list[Member]:
    """Members of a project, by name."""
    query = (
        select(UserRow.name, MemberRow)
        .join(MemberRow, col(MemberRow.user_id) == col(UserRow.id))
        .where(MemberRow.project == project)
        .order_by(col(UserRow.name))
    )
    return [Member(name, Role(row.role), row.created_at) for name, row in (await session.execute(query)).all()]


async def memberships(
    session: AsyncSession, *, project: str | None = None, user_id: UUID | None = None
) -> Sequence[MemberRow]:
    """Memberships in a project, or of a user."""
    query = select(MemberRow)
    if project is not None:
        query = query.where(MemberRow.project == project)
    if user_id is not None:
        query = query.where(MemberRow.user_id == user_id)
    return (await session.scalars(query)).all()


async def count_services(session: AsyncSession, project: str) -> int:
    """Services that belong to a project."""
    return int((await session.execute(select(func.count()).where(ServiceRow.project == project))).scalar_one())


async def visible_services(session: AsyncSession, projects: Collection[str] | None) -> frozenset[str] | None:
    """Names of the services in `projects`; None: there is no limit."""
    if projects is None:
        return None
    return frozenset(
        (await session.scalars(select(ServiceRow.name).where(col(ServiceRow.project).in_(projects)))).all()
    )
