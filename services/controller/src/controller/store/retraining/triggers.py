"""Retraining triggers of services."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from controller.domain.registries.environment import secret_references
from controller.store.service_definitions import ServiceDefinitions
from controller.store.tables import RetrainingTriggerRow

TRIGGERS = ServiceDefinitions(RetrainingTriggerRow, "retraining trigger")


async def triggers_with(session: AsyncSession, secret: str) -> list[str]:
    """Triggers that a secret belongs to, or that name it in a variable, as `<service>/<trigger>`; at most five."""
    found = [
        f"{service.name}/{row.name}"
        for row, service in await TRIGGERS.every(session)
        if secret == row.secret or any(ref.secret == secret for ref in secret_references(row.action.get("env")))
    ]
    return found[:5]
