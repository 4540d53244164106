"""Sessions of the console and the links that open them, as hashes."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, or_, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from controller.domain.access.roles import Principal, grants_from
from controller.domain.access.sessions import IDLE_LIFETIME, is_session_alive
from controller.store.access.people import may_open, principal_of_user
from controller.store.tables import SessionRow, SignInLinkRow, TokenRow, UserRow


async def find_session(session: AsyncSession, sha256: str) -> SessionRow | None:
    """The session of that hash, alive or not."""
    return (await session.scalars(select(SessionRow).where(SessionRow.sha256 == sha256))).one_or_none()


async def principal_of_session(session: AsyncSession, row: SessionRow, now: datetime) -> Principal | None:
    """Whose session it is; None where it has ended, or what it was opened by has, or its user is disabled."""
    user = await session.get(UserRow, row.user_id)
    if user is None or user.is_disabled or not is_session_alive(row.seen_at, row.expires_at, now):
        return None
    # What a session makes ends with the token that opened it; one that a provider opened bounds it by its own end.
    bound: datetime | None = row.expires_at
    if row.token_id is not None:
        if not await may_open(session, row.token_id, now):
            return None
        bound = (await session.get_one(TokenRow, row.token_id)).expires_at
    known = (await principal_of_user(session, user)).with_grants(grants_from(row.grants))
    return replace(known, token_id=row.token_id, ends_at=bound)


async def note_use(session: AsyncSession, session_id: UUID, at: datetime) -> None:
    """Keep that a session was used; an earlier use changes nothing."""
    noting = update(SessionRow).where(col(SessionRow.id) == session_id, col(SessionRow.seen_at) < at)
    await session.execute(noting.values(seen_at=at).execution_options(synchronize_session=False))


async def sessions_and_links_of(session: AsyncSession, user_id: UUID) -> list[SessionRow | SignInLinkRow]:
    """Every session of a user, and every link that could open one."""
    sessions = await session.scalars(select(SessionRow).where(SessionRow.user_id == user_id))
    links = await session.scalars(select(SignInLinkRow).where(SignInLinkRow.user_id == user_id))
    return [*sessions, *links]


async def take_link(session: AsyncSession, sha256: str) -> SignInLinkRow | None:
    """A link that nobody has used, removed: of two who open it at once, one gets it."""
    query = select(SignInLinkRow).where(SignInLinkRow.sha256 == sha256).with_for_update()
    row = (await session.scalars(query)).one_or_none()
    if row is not None:
        await session.delete(row)
        await session.flush()
    return row


async def user_of_link(session: AsyncSession, sha256: str) -> UserRow | None:
    """Whom a link signs in."""
    query = select(UserRow).join(SignInLinkRow, col(SignInLinkRow.user_id) == col(UserRow.id))
    return (await session.scalars(query.where(SignInLinkRow.sha256 == sha256))).one_or_none()


async def remove_ended(session: AsyncSession, now: datetime) -> None:
    """Remove sessions and links whose time is over."""
    is_over = or_(col(SessionRow.expires_at) <= now, col(SessionRow.seen_at) <= now - IDLE_LIFETIME)
    await session.execute(delete(SessionRow).where(is_over).execution_options(synchronize_session=False))
    links = delete(SignInLinkRow).where(col(SignInLinkRow.expires_at) <= now)
    await session.execute(links.execution_options(synchronize_session=False))
