"""Orders to erase rows."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from controller.store.tables import ErasureRow
from shared.errors import NotFound


async def load_erasure(session: AsyncSession, service: str, identity: UUID) -> ErasureRow:
    """One order of a service; `NotFound` names it."""
    row = await session.get(ErasureRow, identity)
    if row is None or row.service != service:
        raise NotFound(f"There is no erasure {identity}")
    return row


async def page_of_erasures(session: AsyncSession, service: str, before: UUID | None, size: int) -> list[ErasureRow]:
    """Orders of a service, newest first."""
    query = select(ErasureRow).where(ErasureRow.service == service).order_by(col(ErasureRow.id).desc()).limit(size)
    return list((await session.scalars(query if before is None else query.where(col(ErasureRow.id) < before))).all())


async def open_erasures(session: AsyncSession) -> list[ErasureRow]:
    """Orders that are not finished, oldest first."""
    query = select(ErasureRow).where(col(ErasureRow.is_finished).is_(False)).order_by(col(ErasureRow.id))
    return list((await session.scalars(query)).all())
