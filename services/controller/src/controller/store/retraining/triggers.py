"""Retraining triggers of services."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from controller.store.service_definitions import ServiceDefinitions
from controller.store.tables import RetrainingTriggerRow

TRIGGERS = ServiceDefinitions(RetrainingTriggerRow, "retraining trigger")


async def triggers_with(session: AsyncSession, secret: str) -> list[str]:
    """Triggers that a secret belongs to, as `<service>/<trigger>`; at most five."""
    found = [f"{service.name}/{row.name}" for row, service in await TRIGGERS.every(session) if row.secret == secret]
    return found[:5]
