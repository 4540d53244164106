"""The loop that delivers: a channel that hangs, one with a defect and one without credentials hold up nobody."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from monitor.domain.alerts.routing import NewDelivery
from monitor.domain.alerts.signals import Signal
from monitor.domain.notifications.notification import Attempt, Notification, Outcome
from monitor.handlers.alerts import definitions
from monitor.handlers.alerts.changes import route_alert
from monitor.handlers.alerts.delivery_loop import DeliveryLoop
from monitor.handlers.alerts.metrics import AlertMetrics
from monitor.handlers.alerts.observe import observe
from monitor.store.alerts.definitions import channel_states
from monitor.store.alerts.deliveries import waiting_channels
from monitor.store.tables import AlertRow, DeliveryRow
from shared.contracts.alerting.alerts import AlertingDefinitions, ChannelRoute, RoutedChannel
from shared.contracts.alerting.channels import ChannelDefinition
from shared.database import Database
from shared.errors import NotFound, Unavailable
from waiting.eventually import eventually
from waiting.set_clock import SetClock

NAMES = ("hangs", "broken", "locked", "secretless", "well")
CHANNELS = {
    name: RoutedChannel(
        channel=ChannelDefinition(id=UUID(int=number + 1), project=None, name=name, kind="webhook", secret=name),
        route=ChannelRoute(),
    )
    for number, name in enumerate(NAMES)
}


class Controller:
    """Implements `AlertingCalls`."""

    is_away = False

    async def definitions(self, known: str | None) -> AlertingDefinitions:
        if self.is_away:
            raise Unavailable("the controller is away")
        return AlertingDefinitions(revision="1", channels=tuple(CHANNELS.values()), is_unchanged=known == "1")

    async def credentials(self, channel: UUID) -> Mapping[str, str]:
        if channel == CHANNELS["locked"].channel.id:
            raise Unavailable("sealed with a key that is not configured")
        if channel == CHANNELS["secretless"].channel.id:
            raise NotFound("Its secret is gone")
        return {"secret": "s"}


class Senders:
    """Implements `Sender`, each channel in its own way."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.is_let_go = asyncio.Event()

    async def send(
        self, channel: ChannelDefinition, credentials: Mapping[str, str], notification: Notification, attempt: Attempt
    ) -> Outcome:
        assert credentials == {"secret": "s"}
        if channel.name == "hangs":
            await self.is_let_go.wait()
        if channel.name == "broken":
            raise ValueError("a defect")
        self.sent.append(f"{channel.name}: {notification.alerts[0].summary}")
        return Outcome.sent()


@pytest.fixture
async def loop(store_url: str) -> AsyncIterator[DeliveryLoop]:
    database = Database.open(store_url)
    yield DeliveryLoop(database, Controller(), Senders(), SetClock(), AlertMetrics(CollectorRegistry()))
    await database.close()


@asynccontextmanager
async def running(loop: DeliveryLoop) -> AsyncIterator[None]:
    task = asyncio.create_task(loop.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


async def states(loop: DeliveryLoop) -> dict[str, tuple[str, str | None]]:
    """Channel → its state and the reason."""
    async with loop.database.read() as session:
        found = await channel_states(session)
    known = {name: found.get(routed.channel.id) for name, routed in CHANNELS.items()}
    return {name: (row.state, row.reason) for name, row in known.items() if row is not None}


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
async def test_one_channel_holds_up_no_other(loop: DeliveryLoop) -> None:
    senders, clock, registry = loop.sender, loop.clock, CollectorRegistry()
    assert isinstance(senders, Senders)
    assert isinstance(loop.calls, Controller)
    loop.metrics = AlertMetrics(registry)

    async def all_said() -> bool:
        return {name: state for name, (state, _) in (await states(loop)).items()} == {
            "hangs": "ok", "broken": "failing", "locked": "failing", "secretless": "dead", "well": "ok",
        }  # fmt: skip

    async with running(loop):
        async with loop.database.unit_of_work() as session:
            signal = Signal("wine", "drift", "drift", {}, "critical", "it moved", {}, clock.now())
            await observe(session, (signal,), clock.now())
        await eventually(lambda: "well: it moved" in senders.sent)
        await eventually(lambda: any("secretless accepts nothing" in each for each in senders.sent))
        await eventually(all_said)
        found = await states(loop)
        assert found["broken"] == ("failing", "it could not be sent: ValueError")
        assert "credentials are not known" in (found["locked"][1] or "")
        loop.calls.is_away = True  # what is defined is known all the same
        senders.is_let_go.set()
        await eventually(lambda: "hangs: it moved" in senders.sent)
        loop._shown_at = None
        dead = {"channel": "secretless"}
        await eventually(lambda: registry.get_sample_value("penstock_alert_channel_dead", dead) == 1)
    assert_counted(registry)
    async with loop.database.read() as session:
        waiting = await waiting_channels(session)
    assert {CHANNELS[name].channel.id for name in ("broken", "locked", "secretless")} <= set(waiting)


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
async def test_an_alert_that_cannot_be_routed_holds_up_no_other(
    loop: DeliveryLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []

    async def faulty(session: AsyncSession, row: AlertRow, *rest: Any) -> list[NewDelivery]:
        found = await route_alert(session, row, *rest)  # a part of it is done when it fails
        tried.append(row.summary)
        if row.summary == "odd":
            raise ValueError("a defect")
        return found

    monkeypatch.setattr(definitions, "route_alert", faulty)
    signals = [Signal("wine", name, "drift", {}, "critical", name, {}, loop.clock.now()) for name in ("odd", "even")]
    async with loop.database.unit_of_work() as session:
        await observe(session, signals, loop.clock.now())  # before the controller has said what there is
    assert isinstance(loop.sender, Senders)
    loop.sender.is_let_go.set()

    for _ in range(3):
        await loop.step()

    assert sorted(tried) == ["even", "odd"], "not at once again"
    async with loop.database.read() as session:
        told = (await session.scalars(select(DeliveryRow))).all()
    assert {row.content["summary"] for row in told} == {"even"}


def assert_counted(registry: CollectorRegistry) -> None:
    assert registry.get_sample_value("penstock_alerts_open", {"severity": "critical", "state": "open"}) == 2
    attempts = {"channel": "broken", "outcome": "retry"}
    assert (registry.get_sample_value("penstock_alert_deliveries_total", attempts) or 0) >= 1
    assert (registry.get_sample_value("penstock_alert_delivery_oldest_waiting_seconds", {"channel": "locked"}) or 0) > 0
