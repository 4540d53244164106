"""Triggers as the controller last listed them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from monitor.store.tables import RetrainingTriggerRow
from shared.contracts.retraining import RetrainingTrigger


async def save_triggers(
    session: AsyncSession,
    listed: Sequence[RetrainingTrigger],
    next_at: Callable[[RetrainingTrigger], datetime | None],
) -> None:
    """Make the rows be what is listed; `next_at` of those that are new, or have another schedule than before."""
    known = {row.id: row for row in (await session.scalars(select(RetrainingTriggerRow))).all()}
    for trigger in listed:
        row = known.pop(trigger.id, None)
        definition = trigger.model_dump(mode="json")
        if row is None:
            row = RetrainingTriggerRow(id=trigger.id, service_id=trigger.service_id, definition={})
            session.add(row)
        if row.definition != definition:
            if schedule_of(row.definition) != schedule_of(definition):
                row.next_at = next_at(trigger)
            row.definition = definition
    for gone in known.values():
        await session.delete(gone)


def schedule_of(definition: dict[str, object]) -> tuple[object, object]:
    """What decides on when it is due."""
    return definition.get("schedule"), definition.get("is_paused")


async def stored_triggers(session: AsyncSession, service: str) -> list[RetrainingTrigger]:
    """Those of one service, by its name."""
    rows = (await session.scalars(select(RetrainingTriggerRow))).all()
    found = [trigger_of(row) for row in rows]
    return sorted((each for each in found if each.service == service), key=lambda each: each.name)


async def due_triggers(session: AsyncSession, now: datetime) -> Sequence[RetrainingTriggerRow]:
    """Those whose schedule asks for a retraining now."""
    query = select(RetrainingTriggerRow).where(col(RetrainingTriggerRow.next_at) <= now)
    return (await session.scalars(query)).all()


async def forget_triggers(session: AsyncSession, service_id: UUID) -> None:
    """Drop those of a service that is gone."""
    await session.execute(delete(RetrainingTriggerRow).where(col(RetrainingTriggerRow.service_id) == service_id))


def trigger_of(row: RetrainingTriggerRow) -> RetrainingTrigger:
    """The trigger."""
    return RetrainingTrigger.model_validate(row.definition)
