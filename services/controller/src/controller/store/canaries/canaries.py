"""Canaries of services, and what was found of each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import or_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from controller.domain.canaries.progress import OPEN
from controller.store.tables import CanaryRow, CanaryVerdictRow, ServiceRow
from shared.contracts.canaries import CanaryVerdict
from shared.errors import NotFound


async def load_canary(session: AsyncSession, service: str, canary: UUID, *, for_update: bool = False) -> CanaryRow:
    """One canary of a service; `NotFound` names it."""
    query = (
        select(CanaryRow)
        .join(ServiceRow, col(ServiceRow.id) == col(CanaryRow.service_id))
        .where(ServiceRow.name == service, CanaryRow.id == canary)
    )
    row = (await session.scalars(query.with_for_update(of=CanaryRow) if for_update else query)).one_or_none()
    if row is None:
        raise NotFound(f"Service {service[:64]!r} has no canary {canary}")
    return row


async def page_of_canaries(
    session: AsyncSession, service_id: UUID, position: UUID | None, limit: int
) -> Sequence[CanaryRow]:
    """Canaries of a service, newest first, after `position`."""
    query = select(CanaryRow).where(CanaryRow.service_id == service_id)
    if position is not None:
        query = query.where(col(CanaryRow.id) < position)
    return (await session.scalars(query.order_by(col(CanaryRow.id).desc()).limit(limit))).all()


async def canaries_of(session: AsyncSession, service_id: UUID) -> list[CanaryRow]:
    """All of one service."""
    return list((await session.scalars(select(CanaryRow).where(CanaryRow.service_id == service_id))).all())


async def open_canary(session: AsyncSession, service_id: UUID) -> CanaryRow | None:
    """The one that is not over: a service has one at most."""
    query = select(CanaryRow).where(CanaryRow.service_id == service_id, col(CanaryRow.phase).in_(OPEN))
    return (await session.scalars(query)).first()


async def canaries_at_work(session: AsyncSession, now: datetime) -> list[tuple[UUID, str]]:
    """Id and service of those that something may have to be done for."""
    query = (
        select(CanaryRow.id, ServiceRow.name)
        .join(ServiceRow, col(ServiceRow.id) == col(CanaryRow.service_id))
        .where(or_(col(CanaryRow.phase).in_(OPEN), col(CanaryRow.stops_at) <= now))
        .order_by(col(CanaryRow.id))
    )
    return [(canary, service) for canary, service in (await session.execute(query)).all()]


async def store_verdict(session: AsyncSession, row: CanaryRow, verdict: CanaryVerdict, waits_for: str) -> None:
    """Keep it as the last of the present step, with why the next one does not come yet."""
    found = await session.get(CanaryVerdictRow, (row.id, row.step))
    if found is None:
        found = CanaryVerdictRow(canary_id=row.id, step=row.step, weight=row.weight, verdict={}, at=verdict.at)
        session.add(found)
    found.weight, found.at, found.waits_for = row.weight, verdict.at, waits_for
    found.verdict = verdict.model_dump(mode="json")


async def verdicts_of(session: AsyncSession, canaries: Sequence[UUID]) -> dict[UUID, list[CanaryVerdictRow]]:
    """Canary → its verdicts by step."""
    query = select(CanaryVerdictRow).where(col(CanaryVerdictRow.canary_id).in_(canaries))
    found: dict[UUID, list[CanaryVerdictRow]] = {}
    for row in (await session.scalars(query.order_by(col(CanaryVerdictRow.step)))).all():
        found.setdefault(row.canary_id, []).append(row)
    return found
