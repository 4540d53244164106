"""Answers about alerts and channels, and the acknowledgement of one."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from monitor.domain.alerts.alert import acknowledge
from monitor.handlers.alerts.changes import store_transition
from monitor.handlers.pages import page_of
from monitor.store.alerts.alerts import find_alerts, load_alert, read_alert
from monitor.store.alerts.definitions import channel_states, load_definitions
from monitor.store.alerts.deliveries import deliveries_of, waiting_channels
from monitor.store.tables import AlertRow
from shared.contracts.alerting.alerts import (
    Acknowledgement,
    AlertDetail,
    AlertEntry,
    AlertPage,
    AlertsQuery,
    ChannelHealth,
    ChannelHealths,
    DeliveryEntry,
)
from shared.errors import Conflict, InvalidInput

_OF_ENTRY = frozenset(AlertEntry.model_fields)
_OF_DELIVERY = frozenset(DeliveryEntry.model_fields)


async def list_alerts(session: AsyncSession, query: AlertsQuery) -> AlertPage:
    """Alerts, newest first."""
    rows = await find_alerts(session, query, _decode(query.cursor))
    items = page_of(AlertEntry(**_entry(row)) for row in rows)
    is_last = len(items) == len(rows) < query.limit
    return AlertPage(items=items, next_cursor=None if is_last else _encode(items[-1].id))


async def read_alert_detail(session: AsyncSession, identity: UUID) -> AlertDetail:
    """One alert with the history of its deliveries. Raises `NotFound`."""
    row = await load_alert(session, identity)
    deliveries = tuple(
        DeliveryEntry(**each.model_dump(include=set(_OF_DELIVERY))) for each in await deliveries_of(session, identity)
    )
    return AlertDetail(**_entry(row), deliveries=deliveries)


async def acknowledge_alert(session: AsyncSession, command: Acknowledgement, now: datetime) -> AlertEntry:
    """Somebody takes care of it: it is not told again until it gets worse. Raises `NotFound`, `Conflict`."""
    row = await load_alert(session, command.id, for_update=True)
    if row.resolved_at is not None:
        raise Conflict("This alert is resolved already")
    step = acknowledge(read_alert(row), command.by, command.comment, now)
    await store_transition(session, row, step, await load_definitions(session), now)
    return AlertEntry(**_entry(row))


async def channel_healths(session: AsyncSession) -> ChannelHealths:
    """How channels do that anything was sent to, or waits for."""
    states, waiting = await channel_states(session), await waiting_channels(session)
    found = []
    for channel in states.keys() | waiting.keys():
        row, (count, oldest) = states.get(channel), waiting.get(channel, (0, None))
        about: dict[str, Any] = {"state": "ok"}
        if row is not None:
            about = row.model_dump(include={"state", "reason", "since", "last_sent_at"})
        found.append(ChannelHealth(id=channel, waiting=count, oldest_waiting_at=oldest, **about))
    return ChannelHealths(items=tuple(found))


def _entry(row: AlertRow) -> dict[str, Any]:
    return row.model_dump(include=set(_OF_ENTRY)) | {"service": row.service or None}


def _encode(identity: UUID) -> str:
    return base64.urlsafe_b64encode(identity.bytes).decode().rstrip("=")


def _decode(cursor: str | None) -> UUID | None:
    if cursor is None:
        return None
    try:
        return UUID(bytes=base64.urlsafe_b64decode(cursor.encode() + b"=="))
    except ValueError as error:
        raise InvalidInput("cursor: not one that was given out") from error
