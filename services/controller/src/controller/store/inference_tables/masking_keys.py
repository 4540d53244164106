"""Keys of hashed columns, sealed."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from controller.store.tables import MaskingKeyRow


async def key_of_project(session: AsyncSession, project: str) -> MaskingKeyRow | None:
    """The key of a project, if it has one; it may outlive the project: requests in a spool may still need it."""
    return await session.get(MaskingKeyRow, project)


async def keys_sealed_by_others(session: AsyncSession, key_id: str) -> list[MaskingKeyRow]:
    """Keys that another key than this one has sealed; held until the transaction ends."""
    query = select(MaskingKeyRow).where(MaskingKeyRow.key_id != key_id).order_by(col(MaskingKeyRow.project))
    return list((await session.scalars(query.with_for_update())).all())
