"""The first administrator's token: made once, kept as a hash, and in one file that only its owner reads."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import select

from controller.domain.access.keys import digest, mint_token
from controller.handlers.access.people import revoke_descendants
from controller.store.access.people import user_by_name
from controller.store.tables import TokenRow, UserRow
from shared.filesystem.private_files import read_or_create_secret_file

ADMIN = "admin"
FIRST = "(first)"
"""Name of the token that the installation itself makes (nobody else can give it); there is one at a time."""


async def ensure_admin(session: AsyncSession, given: str | None, file: Path, now: datetime) -> None:
    """Make sure that the administrator `admin` exists and that the first token is valid.

    A `given` one is not written anywhere; else the file decides, and is made where it is missing (a lost file is
    replaced by a new token, which ends the old one and what that has made). So whoever owns the machine can always come
    in again.
    """
    sha256 = digest(given or read_or_create_secret_file(file, mint_token))
    user = await user_by_name(session, ADMIN)
    if user is None:
        user = UserRow(name=ADMIN, description="The first administrator", created_at=now, updated_at=now)
        session.add(user)
    user.is_admin, user.is_disabled = True, False
    await session.flush()
    mine = select(TokenRow).where(TokenRow.user_id == user.id, TokenRow.name == FIRST)
    kept = (await session.scalars(mine)).one_or_none()
    if kept is None:
        kept = TokenRow(user_id=user.id, name=FIRST, sha256=sha256, created_at=now)
        session.add(kept)
    if kept.sha256 != sha256:
        await revoke_descendants(session, [kept.id], now)
    kept.sha256, kept.expires_at, kept.revoked_at = sha256, None, None
