"""Random series of signals with a kill between any two steps: no alert and no delivery is lost or doubled."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from monitor.domain.alerts.signals import Signal
from monitor.domain.notifications.notification import Notification, Outcome
from monitor.handlers.alerts.definitions import route_due, take_definitions
from monitor.handlers.alerts.deliveries import Claim, claim_message, record_outcome
from monitor.handlers.alerts.observe import observe
from monitor.store.tables import AlertRow, DeliveryRow
from shared.bus.outbox import outbox
from shared.contracts.alerting.alerts import AlertingDefinitions, ChannelRoute, RoutedChannel
from shared.contracts.alerting.channels import ChannelDefinition
from shared.database import Database

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
SEVERITIES: tuple[Any, ...] = ("ok", "warning", "critical")
KINDS: tuple[Any, ...] = ("webhook", "pagerduty", "slack")
CHANNELS = tuple(
    RoutedChannel(
        channel=ChannelDefinition(id=UUID(int=number + 1), project=None, name=kind, kind=kind),
        route=ChannelRoute(repeat_interval_s=0),
    )
    for number, kind in enumerate(KINDS)
)


class Killed(Exception):
    """The process ends here."""


@dataclass
class World:
    """A monitor that is killed, and receivers that remember what they got."""

    database: Database
    chance: random.Random
    now: datetime = NOON
    kill_at: float = 0.25
    received: dict[str, Notification] = field(default_factory=dict)
    copies: int = 0
    committed: list[Signal] = field(default_factory=list)

    async def step(self, work: Callable[[AsyncSession], Awaitable[Any]]) -> Any:
        """A transaction; killed before or after its commit, or not at all."""
        self.now += timedelta(seconds=self.chance.uniform(0.1, 20))
        before, after = (self.chance.random() < self.kill_at for _ in range(2))
        async with self.database.unit_of_work() as session:
            found = await work(session)
            if before:
                raise Killed
        if after:
            raise Killed
        return found

    async def signals(self) -> None:
        severity = self.chance.choice(SEVERITIES)
        column = f"c{self.chance.randrange(4)}"
        signal = Signal("wine", "drift", "drift", {"column": column}, severity, severity, {}, self.now)

        async def work(session: AsyncSession) -> None:
            await observe(session, (signal, signal), self.now)

        while True:  # the bus brings again what was not acknowledged, whether it was committed or not
            try:
                await self.step(work)
            except Killed:
                continue
            self.committed.append(signal)
            return

    async def deliver(self, routed: RoutedChannel) -> bool:
        """Claim, send, note; whether there was anything to do."""
        claim = await self.step(lambda session: claim_message(session, routed, None, self.now))
        if not isinstance(claim, Claim):
            return claim.until is not None
        if self.chance.random() < self.kill_at:
            await self.step(
                lambda session: record_outcome(session, routed, claim.attempt, Outcome.retry("busy"), self.now)
            )
            return True
        known = self.received.setdefault(claim.attempt.id, claim.notification)
        assert known == claim.notification
        self.copies += 1
        if self.chance.random() < self.kill_at:
            raise Killed
        await self.step(lambda session: record_outcome(session, routed, claim.attempt, Outcome.sent(), self.now))
        return True


@pytest.fixture
async def database(store_url: str) -> AsyncIterator[Database]:
    database = Database.open(store_url)
    yield database
    await database.close()


async def test_nothing_is_lost_or_doubled(database: Database) -> None:
    world = World(database, random.Random(17))
    definitions = AlertingDefinitions(revision="1", channels=CHANNELS)
    for number in range(40):
        if number == 8:  # until then the controller has never answered
            async with database.unit_of_work() as session:
                await take_definitions(session, definitions, world.now)
        await world.signals()
        for routed in world.chance.sample(CHANNELS, 2):
            try:
                await world.step(lambda session: route_due(session, world.now))
                await world.deliver(routed)
            except Killed:
                continue
    world.kill_at = 0.0
    await world.step(lambda session: route_due(session, world.now))
    for routed in CHANNELS:
        while await world.deliver(routed):
            world.now += timedelta(minutes=11)

    async with database.read() as session:
        alerts = list((await session.scalars(select(AlertRow).order_by(AlertRow.id))).all())  # type: ignore[arg-type]
        deliveries = list((await session.scalars(select(DeliveryRow))).all())
        facts = [
            (headers["ce-type"].split(".")[2], headers["ce-subject"])
            for (headers,) in await session.execute(select(outbox.c.headers).order_by(outbox.c.seq))
        ]
    assert facts == expected_facts(world.committed)
    assert {row.state for row in deliveries} == {"sent"}
    check_receivers(world, alerts, deliveries)


def expected_facts(signals: list[Signal]) -> list[tuple[str, str]]:
    """What the signals, each taken once, say of every fingerprint."""
    state: dict[str, str] = {}
    facts = []
    for signal in signals:
        before = state.get(signal.fingerprint, "ok")
        if signal.severity != before:
            fact = "resolved" if signal.severity == "ok" else "raised" if before == "ok" else "updated"
            facts.append((fact, signal.fingerprint))
        state[signal.fingerprint] = signal.severity
    return facts


def check_receivers(world: World, alerts: list[AlertRow], deliveries: list[DeliveryRow]) -> None:
    """Each delivery is in one message; each alert that was told of has ended at its receivers as it did here."""
    by_message: dict[str, list[DeliveryRow]] = {}
    for row in deliveries:
        by_message.setdefault(str(row.message_id), []).append(row)
    assert set(by_message) == set(world.received)
    for message, rows in by_message.items():
        assert {alert.id for alert in world.received[message].alerts} == {str(row.alert_id) for row in rows}
        assert len({row.channel_id for row in rows}) == 1
        assert len(rows) == 1 or rows[0].channel != "pagerduty"
    last = {(row.alert_id, row.channel): row for row in sorted(deliveries, key=lambda row: row.number)}
    for alert in alerts:
        for kind in KINDS:
            told = last.get((alert.id, kind))
            if told is None:  # it was over before there was anybody to tell
                assert alert.resolved_at is not None
                assert alert.opened_at < deliveries[0].created_at
            else:
                assert told.status == ("firing" if alert.resolved_at is None else "resolved")
                assert told.severity == alert.severity
    assert world.copies >= len(world.received)
