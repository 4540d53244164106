"""What the controller has defined about alerts, as it was told last, and how each channel does."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from monitor.store.tables import AlertingDefinitionsRow, ChannelStateRow
from shared.contracts.alerting.alerts import AlertingDefinitions

ONLY = 1


async def known_revision(session: AsyncSession) -> str | None:
    """Revision of what is known; None before the first answer."""
    table: Any = AlertingDefinitionsRow
    return (await session.scalars(select(table.revision).where(table.id == ONLY))).one_or_none()


async def load_definitions(session: AsyncSession) -> AlertingDefinitions | None:
    """What is known; None before the first answer."""
    table: Any = AlertingDefinitionsRow
    content = (await session.scalars(select(table.content).where(table.id == ONLY))).one_or_none()
    return None if content is None else _parse(content)


async def save_definitions(session: AsyncSession, definitions: AlertingDefinitions, now: datetime) -> None:
    """Keep another answer in its place."""
    values: dict[str, Any] = {
        "revision": definitions.revision,
        "content": definitions.model_dump_json(),
        "received_at": now,
    }
    row = await session.get(AlertingDefinitionsRow, ONLY, with_for_update=True)
    if row is None:
        session.add(AlertingDefinitionsRow(id=ONLY, **values))
    else:
        for name, value in values.items():
            setattr(row, name, value)
    await session.flush()


@lru_cache(maxsize=2)
def _parse(content: str) -> AlertingDefinitions:
    return AlertingDefinitions.model_validate_json(content)


async def channel_states(session: AsyncSession) -> dict[UUID, ChannelStateRow]:
    """Every channel that anything was sent to."""
    return {row.channel_id: row for row in (await session.scalars(select(ChannelStateRow))).all()}


async def channel_state(session: AsyncSession, channel: UUID) -> ChannelStateRow | None:
    """How one channel does, held until the transaction ends."""
    return await session.get(ChannelStateRow, channel, with_for_update=True)


async def forget_states(session: AsyncSession, others_than: Collection[UUID]) -> list[UUID]:
    """Forget channels that are not defined any more; returns which."""
    table: Any = ChannelStateRow
    gone = [channel for channel in await channel_states(session) if channel not in others_than]
    if gone:
        await session.execute(delete(table).where(table.channel_id.in_(gone)))
    return gone
