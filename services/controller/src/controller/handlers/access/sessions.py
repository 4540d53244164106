"""Use cases of sessions: signing in and out of the console."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from controller.domain.access.keys import digest
from controller.domain.access.roles import Principal, kept_grants
from controller.domain.access.sessions import ABSOLUTE_LIFETIME, LINK_LIFETIME, mint_secret
from controller.handlers.unit_of_work import UnitOfWork
from controller.store.access.sessions import (
    find_session,
    principal_of_session,
    remove_ended,
    sessions_and_links_of,
    take_link,
)
from controller.store.tables import SessionRow, SignInLinkRow
from shared.errors import Unauthenticated


async def open_session(unit: UnitOfWork, principal: Principal, lifetime: timedelta = ABSOLUTE_LIFETIME) -> str:
    """A session of the principal's, which lives no longer than what they came with; its cookie's value."""
    await remove_ended(unit.session, unit.now)
    secret = mint_secret()
    unit.session.add(
        SessionRow(**_of(principal, secret, unit), seen_at=unit.now, expires_at=_end(unit, principal, lifetime))
    )
    await unit.session.flush()
    return secret


async def open_session_by_link(unit: UnitOfWork, link: str) -> tuple[str, Principal]:
    """A session of the link's user, and who that is.

    `Unauthenticated` for a link that is used, over, or whose maker may no longer.
    """
    row = await take_link(unit.session, digest(link))
    if row is None or row.expires_at <= unit.now:
        raise Unauthenticated("This link has been used, or its time is over: `penstock console` makes another")
    secret = mint_secret()
    opened = SessionRow(
        user_id=row.user_id,
        token_id=row.token_id,
        grants=row.grants,
        sha256=digest(secret),
        created_at=unit.now,
        seen_at=unit.now,
        expires_at=min(row.session_ends_at, unit.now + ABSOLUTE_LIFETIME),
    )
    principal = await principal_of_session(unit.session, opened, unit.now)
    if principal is None:
        raise Unauthenticated("Who made this link may no longer sign in")
    unit.session.add(opened)
    await unit.session.flush()
    return secret, principal


async def make_link(unit: UnitOfWork, principal: Principal) -> tuple[str, datetime]:
    """A link that opens one session of the principal's, and when it ends."""
    await remove_ended(unit.session, unit.now)
    secret, expires_at = mint_secret(), unit.now + LINK_LIFETIME
    ends_at = _end(unit, principal, ABSOLUTE_LIFETIME)
    unit.session.add(SignInLinkRow(**_of(principal, secret, unit), session_ends_at=ends_at, expires_at=expires_at))
    await unit.session.flush()
    return secret, expires_at


def _of(principal: Principal, secret: str, unit: UnitOfWork) -> dict[str, Any]:
    """What a session and a link both keep of whose they are."""
    return {
        "user_id": principal.user_id,
        "token_id": principal.token_id,
        "grants": kept_grants(principal.grants),
        "sha256": digest(secret),
        "created_at": unit.now,
    }


def _end(unit: UnitOfWork, principal: Principal, lifetime: timedelta) -> datetime:
    until = unit.now + lifetime
    return until if principal.ends_at is None else min(until, principal.ends_at)


async def close_session(unit: UnitOfWork, secret: str) -> None:
    """End a session; one that has ended already is no error."""
    row = await find_session(unit.session, digest(secret))
    if row is not None:
        await unit.session.delete(row)


async def close_all_sessions(unit: UnitOfWork, principal: Principal) -> None:
    """End every session of the principal's, and every link that could open one."""
    for row in await sessions_and_links_of(unit.session, principal.user_id):
        await unit.session.delete(row)
