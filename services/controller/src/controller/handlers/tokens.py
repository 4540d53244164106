"""The first token of the control plane: made once, kept as a hash, and in one file that only its owner reads."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from controller.domain.keys import digest, mint_token
from controller.store.keys import put_token, token_names

ADMIN = "admin"


async def admit_admin(session: AsyncSession, given: str | None, file: Path, now: datetime) -> dict[str, str]:
    """Make the admin token known and return the name of every token by its hash.

    A `given` one is not written anywhere; else the file decides, and is made where it is missing (a lost file is
    replaced by a new token, which ends the old one).
    """
    token = given or _kept_token(file)
    await put_token(session, ADMIN, digest(token), now)
    await session.flush()
    return await token_names(session)


def _kept_token(file: Path) -> str:
    if file.exists() and (kept := file.read_text().strip()):
        return kept
    file.parent.mkdir(parents=True, exist_ok=True)
    token, fresh = mint_token(), file.with_name(f"{file.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as out:
        out.write(token + "\n")
        out.flush()
        os.fsync(out.fileno())
    fresh.replace(file)
    return token
