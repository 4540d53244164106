"""Signals become alerts, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from monitor.domain.alerts.signals import Signal


async def observe(session: AsyncSession, signals: Sequence[Signal], now: datetime) -> None:
    """Open, update or resolve the alerts that `signals` are about; safe to repeat.

    Alerts, their events and what is to be delivered are written in the caller's transaction. Too little data is no
    signal: leave it out.
    """
    raise NotImplementedError


async def close_alerts(session: AsyncSession, service: str, monitor: str | None, reason: str, now: datetime) -> None:
    """Resolve what is open of a monitor that is gone, or (None) of a service."""
    raise NotImplementedError
