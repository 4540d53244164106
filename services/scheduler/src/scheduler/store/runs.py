"""Runs of pods, as they were seen: stored until the controller must have them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import case, delete, literal, or_, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from scheduler.store.tables import RunRow
from shared.database import UtcDateTime

RunKey = tuple[UUID, str, int]
IS_OPEN = col(RunRow.ended_at).is_(None)


async def open_runs(session: AsyncSession) -> list[RunKey]:
    """Runs whose end was not seen."""
    key = (col(RunRow.version_id), col(RunRow.pod), col(RunRow.run))
    return [(each[0], each[1], each[2]) for each in await session.execute(select(*key).where(IS_OPEN))]


async def note_open_runs_alive(session: AsyncSession, now: datetime) -> None:
    """Write down that every open run lives now, also where a clock that was wrong had it live later."""
    at = literal(now, UtcDateTime())
    latest = case((col(RunRow.started_at) > at, col(RunRow.started_at)), else_=at)
    alive = update(RunRow).where(IS_OPEN).values(alive_at=latest)
    await session.execute(alive.execution_options(synchronize_session=False))


async def runs_since(
    session: AsyncSession, ended_after: datetime, after: RunKey | None, limit: int
) -> Sequence[RunRow]:
    """Up to `limit` runs that are open or ended at `ended_after` or later, by key, behind the key `after`."""
    key = (col(RunRow.version_id), col(RunRow.pod), col(RunRow.run))
    query = select(RunRow).where(or_(IS_OPEN, col(RunRow.ended_at) >= ended_after))
    if after is not None:
        query = query.where(tuple_(*key) > tuple_(*after))
    return (await session.execute(query.order_by(*key).limit(limit))).scalars().all()


async def forget_runs(session: AsyncSession, before: datetime) -> None:
    """Drop runs that ended before a moment."""
    await session.execute(delete(RunRow).where(col(RunRow.ended_at) < before))
