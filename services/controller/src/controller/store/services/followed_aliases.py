"""Versions that follow an alias of their model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from controller.store.tables import ServiceRow, VersionRow


@dataclass(frozen=True)
class FollowedAlias:
    """An alias of a model in a registry (None: the platform's own)."""

    registry: str | None
    model: str
    alias: str


@dataclass(frozen=True)
class AliasFollower:
    """A version and the alias that it follows; `model_version` is what it publishes now."""

    service: str
    version: str
    project: str
    source: FollowedAlias
    model_version: str


async def alias_followers(session: AsyncSession) -> Sequence[AliasFollower]:
    """Every version that follows an alias, in whatever state."""
    query = (
        select(ServiceRow, VersionRow)
        .join(VersionRow, col(VersionRow.service_id) == col(ServiceRow.id))
        .where(col(VersionRow.follow).is_(True))
        .order_by(col(VersionRow.id))
    )
    found = (await session.execute(query)).all()
    return [
        AliasFollower(
            service.name,
            row.name,
            service.project,
            FollowedAlias(row.model_registry, row.model, row.alias),
            row.model_version,
        )
        for service, row in found
        if row.alias and row.model and row.model_version
    ]
