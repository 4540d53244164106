"""Signals become alerts, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from monitor.domain.alerts.alert import on_signal, resolve
from monitor.domain.alerts.builtin import signal_of
from monitor.domain.alerts.signals import Signal
from monitor.handlers.alerts.changes import store_transition
from monitor.store.alerts.alerts import latest_alerts, open_alerts, read_alert
from monitor.store.alerts.definitions import load_definitions
from shared.events import ServiceDeleted
from shared.ids import new_id


async def observe(session: AsyncSession, signals: Sequence[Signal], now: datetime) -> None:
    """Open, update or resolve the alerts that `signals` are about; safe to repeat.

    Alerts, their events and what is to be delivered are written in the caller's transaction. Too little data is no
    signal: leave it out.
    """
    if not signals:
        return
    ordered = sorted(signals, key=lambda signal: signal.at)
    firing = {signal.fingerprint for signal in ordered if signal.severity != "ok"}
    rows = await latest_alerts(session, {signal.fingerprint for signal in ordered}, firing)
    if not rows and not firing:
        return
    definitions = await load_definitions(session)
    for signal in ordered:
        row = rows.get(signal.fingerprint)
        step = on_signal(None if row is None else read_alert(row), signal, new_id(), now)
        is_new = step.fact == "raised"
        stored = await store_transition(session, None if is_new else row, step, definitions, now)
        if stored is not None:
            rows[signal.fingerprint] = stored


async def close_alerts(session: AsyncSession, service: str, monitor: str | None, reason: str, now: datetime) -> None:
    """Resolve what is open of a monitor that is gone, or (None) of a service."""
    rows = await open_alerts(session, service, monitor)
    definitions = await load_definitions(session) if rows else None
    for row in rows:
        await store_transition(session, row, resolve(read_alert(row), reason, now), definitions, now)


async def observe_fact(session: AsyncSession, event: Any, now: datetime) -> None:
    """What a fact of the platform says of a table, a version or a service."""
    if isinstance(event, ServiceDeleted):
        await close_alerts(session, event.service, None, "the service was deleted", now)
        return
    signal = signal_of(event, now)
    if signal is not None:
        await observe(session, (signal,), now)
