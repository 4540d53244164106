"""Retraining triggers of services."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from controller.store.tables import RetrainingTriggerRow, ServiceRow
from shared.errors import NotFound


async def triggers_of(session: AsyncSession, service_id: UUID) -> list[RetrainingTriggerRow]:
    """Those of one service, by name."""
    query = select(RetrainingTriggerRow).where(RetrainingTriggerRow.service_id == service_id)
    return list((await session.scalars(query.order_by(col(RetrainingTriggerRow.name)))).all())


async def load_trigger(
    session: AsyncSession, service: str, name: str, *, for_update: bool = False
) -> RetrainingTriggerRow:
    """One trigger of a service; `NotFound` names it."""
    query = (
        select(RetrainingTriggerRow)
        .join(ServiceRow, col(ServiceRow.id) == col(RetrainingTriggerRow.service_id))
        .where(ServiceRow.name == service, RetrainingTriggerRow.name == name)
    )
    locked = query.with_for_update(of=RetrainingTriggerRow) if for_update else query
    row = (await session.scalars(locked)).one_or_none()
    if row is None:
        raise NotFound(f"Service {service[:64]!r} has no retraining trigger {name[:64]!r}")
    return row


async def every_trigger(session: AsyncSession) -> list[tuple[RetrainingTriggerRow, ServiceRow]]:
    """All of them, each with its service."""
    query = (
        select(RetrainingTriggerRow, ServiceRow)
        .join(ServiceRow, col(ServiceRow.id) == col(RetrainingTriggerRow.service_id))
        .order_by(col(RetrainingTriggerRow.id))
    )
    return [(row, service) for row, service in (await session.execute(query)).all()]


async def triggers_with(session: AsyncSession, secret: str) -> list[str]:
    """Triggers that a secret belongs to, as `<service>/<trigger>`; at most five."""
    found = [f"{service.name}/{row.name}" for row, service in await every_trigger(session) if row.secret == secret]
    return found[:5]
