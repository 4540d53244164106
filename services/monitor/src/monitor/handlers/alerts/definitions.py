"""What the controller defines about alerts is kept here too, so that alerts are routed while it is away."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from monitor.domain.alerts.alert import resolve
from monitor.handlers.alerts.changes import route_alert, store_transition
from monitor.store.alerts.alerts import due_alerts, make_due, open_alerts, postpone, read_alert
from monitor.store.alerts.definitions import forget_states, load_definitions, save_definitions
from monitor.store.alerts.deliveries import drop_others
from shared.contracts.alerting.alerts import AlertingDefinitions

log = logging.getLogger(__name__)

ROUTED_TOGETHER = 100
UNROUTABLE_FOR = timedelta(minutes=1)
"""Until an alert whose routing failed is tried again."""


async def take_definitions(session: AsyncSession, answer: AlertingDefinitions, now: datetime) -> None:
    """Keep the controller's answer, and have open alerts routed by it: all, or those whose project was not known."""
    before = await load_definitions(session)
    await save_definitions(session, answer, now)
    await make_due(session, now, unowned_only=before is not None and _routes_alike(before, answer))
    channels = {routed.channel.id for routed in answer.channels}
    await drop_others(session, channels, now)
    await forget_states(session, channels)
    if before is not None and any(routed.channel.id not in channels for routed in before.channels):
        await _close_gone(session, {str(channel) for channel in channels}, now)


def _routes_alike(before: AlertingDefinitions, after: AlertingDefinitions) -> bool:
    """Whether nothing but services and their projects is another."""
    return all(
        getattr(before, name) == getattr(after, name) for name in ("channels", "silences", "maintenance", "console_url")
    )


async def _close_gone(session: AsyncSession, channels: set[str], now: datetime) -> None:
    definitions = await load_definitions(session)
    for row in await open_alerts(session, "", "channel"):
        if row.labels.get("channel_id") not in channels:
            await store_transition(
                session, row, resolve(read_alert(row), "the channel was deleted", now), definitions, now
            )


async def route_due(session: AsyncSession, now: datetime) -> int:
    """Route the alerts whose time has come: silences begin and end, firing ones are told again. Returns how many."""
    definitions = await load_definitions(session)
    if definitions is None:
        return 0
    rows = await due_alerts(session, now, ROUTED_TOGETHER)
    for row in rows:
        identity = row.id
        try:
            async with session.begin_nested():
                await route_alert(session, row, definitions, now)
        except Exception:  # of one alert; the others are told
            log.exception("alert %s is not routed; again in %s", identity, UNROUTABLE_FOR)
            await postpone(session, identity, now + UNROUTABLE_FOR)
    return len(rows)
