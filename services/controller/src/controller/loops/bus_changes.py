"""Changes that leave no row here: of pods and alerts, as others tell them, and new dead letters.

Core subscriptions, which lose what is said while the connection is away; once it is back, readers read all anew.
"""

from __future__ import annotations

import asyncio
import json
import logging

from nats.aio.msg import Msg
from sqlmodel import col, select

from controller.domain.changes import ADMINS, Audience, Change, ChangeLog
from controller.loops.failures import AWAY
from controller.store.tables import ServiceRow
from shared.bus import Bus
from shared.bus.topology import DEAD_PREFIX
from shared.clock import Clock
from shared.database import Database
from shared.errors import describe_error

log = logging.getLogger(__name__)

POD_FACTS = "penstock.events.pod.>"
ALERT_FACTS = "penstock.events.alert.>"
GATHER_S = 0.05
"""How long facts come together before they are told: a start of many pods is one look at the database."""


class BusChangesLoop:
    """Tells of pods, alerts and dead letters as the bus says them."""

    def __init__(self, database: Database, bus: Bus, clock: Clock, changes: ChangeLog) -> None:
        self._database, self._bus, self._clock, self._changes = database, bus, clock, changes
        self._versions: set[tuple[str, str]] = set()
        self._alerts: set[tuple[str, str]] = set()
        self._is_told = asyncio.Event()
        bus.on_reconnect(changes.forget_all)

    async def run(self) -> None:
        """Listen until cancelled."""
        await self._bus.connected()
        await self._bus.nc.subscribe(POD_FACTS, cb=self._on_pod)
        await self._bus.nc.subscribe(ALERT_FACTS, cb=self._on_alert)
        await self._bus.nc.subscribe(f"{DEAD_PREFIX}.>", cb=self._on_dead_letter)
        while True:
            await self._is_told.wait()
            await self._clock.sleep(GATHER_S)
            self._is_told.clear()
            versions, self._versions = self._versions, set()
            alerts, self._alerts = self._alerts, set()
            try:
                await self._tell(versions, alerts)
            except AWAY as failure:
                log.info("changes of pods and alerts not told: %s", describe_error(failure))
                self._changes.forget_all()

    async def _on_pod(self, message: Msg) -> None:
        if (version := named_by(message.data, "version")) is not None:
            self._versions.add(version)
            self._is_told.set()

    async def _on_alert(self, message: Msg) -> None:
        if (alert := named_by(message.data, "alert_id")) is not None:
            self._alerts.add(alert)
            self._is_told.set()

    async def _on_dead_letter(self, message: Msg) -> None:
        self._changes.publish(Change("dead_letter", message.subject.removeprefix(f"{DEAD_PREFIX}.")))

    async def _tell(self, versions: set[tuple[str, str]], alerts: set[tuple[str, str]]) -> None:
        names = {service for service, _ in versions | alerts}
        async with self._database.read() as session:
            query = select(ServiceRow.name, ServiceRow.project).where(col(ServiceRow.name).in_(names))
            projects = {name: project for name, project in await session.execute(query)}
        for service, version in sorted(versions):
            if service in projects:
                audience = Audience(frozenset({projects[service]}))
                self._changes.publish(Change("pods", version, service, audience=audience))
        for service, alert in sorted(alerts):
            whose = Audience(frozenset({projects[service]})) if service in projects else ADMINS
            self._changes.publish(Change("alert", alert, service or None, audience=whose))


def named_by(fact: bytes, field: str) -> tuple[str, str] | None:
    """Service and another name that a fact has; None for what is no such fact."""
    try:
        found = json.loads(fact)
        service, name = found["service"], found[field]
    except (ValueError, TypeError, KeyError):
        return None
    return (service, name) if isinstance(service, str) and isinstance(name, str) else None
