"""Retrainings end: by what their system says, by a limit, on request, or by what the registry shows."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from monitor.store.retraining import runs
from monitor.store.tables import RetrainingRow
from shared.bus.outbox import publish
from shared.clock import Clock
from shared.contracts.retraining import IN_FLIGHT, RetrainedModel
from shared.events.retrain import RetrainEnded

Ending = Literal["succeeded", "failed", "cancelled"]


async def note_result(session: AsyncSession, identity: UUID, model: RetrainedModel, clock: Clock) -> None:
    """The registry has a version that this retraining made; of one that cannot be asked, that is its end."""
    row = await runs.load(session, identity, for_update=True)
    row.model = model.model_dump(mode="json")
    if row.state in ("started", "running") and not runs.can_be_asked(row):
        await end(session, row, "succeeded", clock.now())
    elif row.state in IN_FLIGHT and row.done_at is not None:
        row.next_at = clock.now()


async def end(
    session: AsyncSession,
    row: RetrainingRow,
    state: Ending,
    now: datetime,
    *,
    reason: str | None = None,
    message: str | None = None,
) -> None:
    """It is over, and that is told."""
    row.state, row.slot, row.ended_at = state, None, now
    row.reason, row.message = reason, message
    model = None if row.model is None else RetrainedModel.model_validate(row.model)
    await publish(session, RetrainEnded(**identity_of(row), state=state, reason=reason, message=message, model=model))


def identity_of(row: RetrainingRow) -> dict[str, Any]:
    """What every fact about it carries."""
    definition = runs.definition_of(row)
    return {
        "retraining_id": row.id,
        "service": definition.service,
        "service_id": row.service_id,
        "trigger": definition.name,
        "cause": row.cause,
    }
