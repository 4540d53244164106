"""Changes that leave no row here: of pods, alerts and retrainings, as others tell them, and new dead letters.

Core subscriptions, which lose what is said while the connection is away; once it is back, readers read all anew.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable

from nats.aio.msg import Msg
from sqlmodel import col, select

from controller.domain.changes import ADMINS, Audience, Change, ChangeKind, ChangeLog
from controller.loops.failures import AWAY
from controller.store.tables import ServiceRow
from shared.bus import Bus
from shared.bus.topology import DEAD_PREFIX
from shared.clock import Clock
from shared.database import Database
from shared.errors import describe_error

log = logging.getLogger(__name__)

FACTS: tuple[tuple[str, ChangeKind, str], ...] = (
    ("penstock.events.pod.>", "pods", "version"),
    ("penstock.events.alert.>", "alert", "alert_id"),
    ("penstock.events.retrain.>", "retraining", "retraining_id"),
)
"""Subject, the kind of change that its facts are, and the field that names the thing."""
GATHER_S = 0.05
"""How long facts come together before they are told: a start of many pods is one look at the database."""


class BusChangesLoop:
    """Tells of pods, alerts, retrainings and dead letters as the bus says them."""

    def __init__(self, database: Database, bus: Bus, clock: Clock, changes: ChangeLog) -> None:
        self._database, self._bus, self._clock, self._changes = database, bus, clock, changes
        self._named: set[tuple[ChangeKind, str, str]] = set()
        """Kind, service and name of what facts were about."""
        self._is_told = asyncio.Event()
        bus.on_reconnect(changes.forget_all)

    async def run(self) -> None:
        """Listen until cancelled."""
        await self._bus.connected()
        for subject, kind, field in FACTS:
            await self._bus.nc.subscribe(subject, cb=self._noting(kind, field))
        await self._bus.nc.subscribe(f"{DEAD_PREFIX}.>", cb=self._on_dead_letter)
        while True:
            await self._is_told.wait()
            await self._clock.sleep(GATHER_S)
            self._is_told.clear()
            named, self._named = self._named, set()
            try:
                await self._tell(named)
            except AWAY as failure:
                log.info("changes of pods, alerts and retrainings not told: %s", describe_error(failure))
                self._changes.forget_all()

    def _noting(self, kind: ChangeKind, field: str) -> Callable[[Msg], Awaitable[None]]:
        async def note(message: Msg) -> None:
            if (found := named_by(message.data, field)) is not None:
                self._named.add((kind, *found))
                self._is_told.set()

        return note

    async def _on_dead_letter(self, message: Msg) -> None:
        self._changes.publish(Change("dead_letter", message.subject.removeprefix(f"{DEAD_PREFIX}.")))

    async def _tell(self, named: set[tuple[ChangeKind, str, str]]) -> None:
        names = {service for _, service, _ in named}
        async with self._database.read() as session:
            query = select(ServiceRow.name, ServiceRow.project).where(col(ServiceRow.name).in_(names))
            projects = {name: project for name, project in await session.execute(query)}
        for kind, service, name in sorted(named):
            whose = Audience(frozenset({projects[service]})) if service in projects else ADMINS
            if service in projects or kind == "alert":  # of alerts some are the platform's own
                self._changes.publish(Change(kind, name, service or None, audience=whose))


def named_by(fact: bytes, field: str) -> tuple[str, str] | None:
    """Service and another name that a fact has; None for what is no such fact."""
    try:
        found = json.loads(fact)
        service, name = found["service"], found[field]
    except (ValueError, TypeError, KeyError):
        return None
    return (service, name) if isinstance(service, str) and isinstance(name, str) else None
