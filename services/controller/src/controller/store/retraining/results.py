"""What came of retrainings, and what was published of it."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from controller.store.tables import RetrainingResultRow


async def results_of(session: AsyncSession, retrainings: Collection[UUID]) -> dict[UUID, RetrainingResultRow]:
    """Those that are known, by retraining."""
    query = select(RetrainingResultRow).where(col(RetrainingResultRow.retraining_id).in_(retrainings))
    return {row.retraining_id: row for row in (await session.scalars(query)).all()}
