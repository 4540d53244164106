"""Versions that follow an alias of their model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from controller.store.tables import ServiceRow, VersionRow


@dataclass(frozen=True)
class Follower:
    """A version and the alias that it follows; `model_version` is what it publishes now."""

    service: str
    version: str
    model: str
    alias: str
    model_version: str


async def followers(session: AsyncSession) -> Sequence[Follower]:
    """Every version that follows an alias, in whatever state."""
    query = (
        select(ServiceRow.name, VersionRow)
        .join(VersionRow, col(VersionRow.service_id) == col(ServiceRow.id))
        .where(col(VersionRow.follow).is_(True))
        .order_by(col(VersionRow.id))
    )
    found = (await session.execute(query)).all()
    return [Follower(name, row.name, row.model, row.alias, row.model_version) for name, row in found if row.alias]
