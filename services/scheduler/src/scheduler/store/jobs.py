"""Supervised jobs, as they were ordered and last seen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from scheduler.store.tables import JobRow
from shared.contracts.jobs import JobOrder, JobState


async def open_jobs(session: AsyncSession) -> Sequence[JobRow]:
    """Those that are not over."""
    return (await session.execute(select(JobRow).where(col(JobRow.ended_at).is_(None)))).scalars().all()


async def forget_jobs(session: AsyncSession, before: datetime) -> None:
    """Drop those that ended before a moment."""
    await session.execute(delete(JobRow).where(col(JobRow.ended_at) < before))


def order_of(row: JobRow) -> JobOrder:
    """What was ordered."""
    return JobOrder.model_validate(row.order)


def state_of(row: JobRow) -> JobState:
    """How it was last seen."""
    return JobState.model_validate(row.state)
