"""Use cases of supervised jobs: ordered and cancelled by calls, and brought to where the backend says they are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from scheduler.domain.jobs import JobBackend
from scheduler.store.jobs import forget_jobs, open_jobs, order_of, state_of
from scheduler.store.lease import Lease
from scheduler.store.tables import JobRow, LogPositionRow
from shared.clock import Clock
from shared.contracts.jobs import JOB_VERSION, JobOrder, JobState
from shared.errors import NotFound

RETENTION = timedelta(days=31)
"""How long it can be asked what became of a job."""


async def order_job(session: AsyncSession, order: JobOrder, now: datetime) -> JobState:
    """Store an order; the same one again changes nothing."""
    row = await session.get(JobRow, order.id)
    if row is None:
        state = JobState(id=order.id, phase="waiting")
        row = JobRow(
            id=order.id,
            service=order.service,
            order=order.model_dump(mode="json"),
            state=state.model_dump(mode="json"),
            ordered_at=now,
        )
        session.add(row)
    return state_of(row)


async def cancel_job(session: AsyncSession, identity: UUID) -> JobState:
    """Have it ended; one that is over stays as it is. Raises `NotFound`."""
    row = await load_job(session, identity)
    if row.ended_at is None:
        row.is_cancelled = True
    return state_of(row)


async def load_job(session: AsyncSession, identity: UUID) -> JobRow:
    """One job; `NotFound` where it was never ordered, or long ago."""
    row = await session.get(JobRow, identity)
    if row is None:
        raise NotFound(f"There is no job {identity}")
    return row


async def apply_jobs(lease: Lease, backend: JobBackend, clock: Clock) -> int:
    """Have the backend begin and end what is open, and store how each does; how many are open."""
    async with lease.database.read() as session:
        rows = await open_jobs(session)
    seen = [await _applied(backend, row) for row in rows]
    news = [(row.id, state) for row, state in zip(rows, seen, strict=True) if state != state_of(row)]
    if news:
        async with lease.unit_of_work() as session:
            await _store(session, news, clock.now())
    return len(rows)


async def _applied(backend: JobBackend, row: JobRow) -> JobState:
    was_started = state_of(row).phase == "running"
    return await backend.apply_job(order_of(row), is_cancelled=row.is_cancelled, was_started=was_started)


async def _store(session: AsyncSession, news: Sequence[tuple[UUID, JobState]], now: datetime) -> None:
    for identity, state in news:
        row = await session.get(JobRow, identity)
        if row is None or row.ended_at is not None:
            continue
        if state.pod is not None and await session.get(LogPositionRow, state.pod) is None:
            session.add(LogPositionRow(pod=state.pod, version_id=row.id, service=row.service, version=JOB_VERSION))
        row.state = state.model_dump(mode="json")
        if state.is_over:
            row.ended_at = state.ended_at or now
    await forget_jobs(session, now - RETENTION)
