"""Deliveries: what channels were told of an alert last, what waits for a channel, what became of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, delete, exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from monitor.domain.alerts.routing import LastDelivery
from monitor.store.tables import DeliveryRow

MOST_WAITING = 200
"""Deliveries of one channel that are looked at together."""


async def last_deliveries(session: AsyncSession, alert: UUID) -> dict[UUID, LastDelivery]:
    """What each channel was told of this alert last."""
    table: Any = DeliveryRow
    newest = (
        select(table.channel_id, func.max(table.number).label("number"))
        .where(table.alert_id == alert)
        .group_by(table.channel_id)
        .subquery()
    )
    is_newest = and_(table.channel_id == newest.c.channel_id, table.number == newest.c.number)
    columns = (table.channel_id, table.number, table.status, table.severity, table.created_at, table.state)
    found = await session.execute(select(*columns).join(newest, is_newest).where(table.alert_id == alert))
    return {
        channel: LastDelivery(number, status, severity, at, state == "waiting")
        for channel, number, status, severity, at, state in found
    }


async def deliveries_of(session: AsyncSession, alert: UUID, limit: int = 200) -> list[DeliveryRow]:
    """Those of one alert, newest first."""
    table: Any = DeliveryRow
    query = select(table).where(table.alert_id == alert).order_by(table.seq.desc()).limit(limit)
    return list((await session.scalars(query)).all())


async def waiting_channels(session: AsyncSession) -> dict[UUID, tuple[int, datetime]]:
    """Channels that something waits for: how much, and since when the oldest does."""
    table: Any = DeliveryRow
    query = select(table.channel_id, func.count(), func.min(table.created_at)).where(table.state == "waiting")
    found = await session.execute(query.group_by(table.channel_id))
    return {channel: (count, oldest) for channel, count, oldest in found}


async def waiting_of(session: AsyncSession, channel: UUID) -> list[DeliveryRow]:
    """What waits for a channel, oldest first, held until the transaction ends."""
    table: Any = DeliveryRow
    query = select(table).where(table.channel_id == channel, table.state == "waiting").order_by(table.seq)
    return list((await session.scalars(query.limit(MOST_WAITING).with_for_update())).all())


async def of_message(session: AsyncSession, message: UUID) -> list[DeliveryRow]:
    """The deliveries of one message that still wait."""
    table: Any = DeliveryRow
    query = select(table).where(table.message_id == message, table.state == "waiting").order_by(table.seq)
    return list((await session.scalars(query.with_for_update())).all())


def end_deliveries(rows: Sequence[DeliveryRow], state: str, outcome: str | None, now: datetime) -> None:
    """They are over, as `state` says."""
    for row in rows:
        row.state, row.outcome, row.ended_at = state, outcome, now


async def drop_others(session: AsyncSession, channels: Collection[UUID], now: datetime) -> None:
    """What waits for channels that are not defined any more is dropped, and says so."""
    table: Any = DeliveryRow
    gone = [channel for channel in await waiting_channels(session) if channel not in channels]
    if gone:
        values = {"state": "dropped", "outcome": "the channel was deleted", "ended_at": now}
        await session.execute(
            update(table).where(table.channel_id.in_(gone), table.state == "waiting").values(**values)
        )


async def delete_repeats(session: AsyncSession, before: datetime) -> None:
    """Delete repeats that ended before then, but for the last thing that each channel was told of an alert."""
    table: Any = DeliveryRow
    newer: Any = aliased(DeliveryRow)
    is_followed = exists().where(
        newer.alert_id == table.alert_id, newer.channel_id == table.channel_id, newer.number > table.number
    )
    old = select(table.seq).where(table.reason == "repeat", table.ended_at < before, is_followed)
    await session.execute(delete(table).where(table.seq.in_(old)).execution_options(synchronize_session=False))
