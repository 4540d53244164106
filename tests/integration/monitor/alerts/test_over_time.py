"""Alerts over hours, in a moment: silences end, queues grow, channels die, are changed and are deleted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from monitor.domain.alerts.signals import Signal
from monitor.domain.notifications.notification import Outcome
from monitor.handlers.alerts.answers import channel_healths, list_alerts
from monitor.handlers.alerts.definitions import route_due, take_definitions
from monitor.handlers.alerts.deliveries import Claim, Pause, claim_message, record_outcome
from monitor.handlers.alerts.observe import close_alerts, observe, observe_fact
from monitor.store.alerts.deliveries import delete_repeats
from monitor.store.tables import AlertRow, DeliveryRow
from shared import events
from shared.contracts.alerting.alerts import (
    AlertingDefinitions,
    AlertsQuery,
    ChannelRoute,
    Matcher,
    RoutedChannel,
    SilenceDefinition,
)
from shared.contracts.alerting.channels import ChannelDefinition
from shared.database import Database

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
TEAM = RoutedChannel(
    channel=ChannelDefinition(id=UUID(int=1), project=None, name="team", kind="slack"), route=ChannelRoute()
)


class World:
    """A monitor's alerts at a time that a test sets."""

    def __init__(self, database: Database) -> None:
        self.database, self.now = database, NOON

    async def do(self, work: Callable[..., Awaitable[Any]], *arguments: Any) -> Any:
        async with self.database.unit_of_work() as session:
            return await work(session, *arguments, self.now)

    async def define(self, *channels: RoutedChannel, **fields: Any) -> None:
        revision = self.now.isoformat()
        found = AlertingDefinitions(revision=revision, channels=channels, projects={"wine": "shop"}, **fields)
        await self.do(take_definitions, found)
        await self.do(route_due)

    async def see(self, severity: Any, *columns: str) -> None:
        signals = [
            Signal("wine", "drift", "drift", {"column": each}, severity, f"{each} {severity}", {"psi": 0.3}, self.now)
            for each in columns or ("a",)
        ]
        await self.do(observe, signals)

    async def later(self, **span: float) -> None:
        self.now += timedelta(**span)
        await self.do(route_due)

    async def send(self, outcome: Outcome | None = None, routed: RoutedChannel = TEAM) -> list[tuple[str, str]] | None:
        """What one message says: status and summary of its alerts; None where nothing may be sent now."""

        async def claim(session: AsyncSession, now: datetime) -> Claim | Pause:
            return await claim_message(session, routed, "http://console", now)

        async def record(session: AsyncSession, now: datetime) -> None:
            assert isinstance(found, Claim)
            await record_outcome(session, routed, found.attempt, outcome or Outcome.sent(), now)

        found = await self.do(claim)
        if isinstance(found, Pause):
            return None
        await self.do(record)
        return [(alert.status, alert.summary) for alert in found.notification.alerts]

    async def rows(self, table: Any) -> Sequence[Any]:
        async with self.database.read() as session:
            return (await session.scalars(select(table).order_by(table.id))).all()

    async def states(self) -> list[str]:
        return [row.state for row in await self.rows(AlertRow)]

    async def health(self) -> Any:
        async with self.database.read() as session:
            found = {each.id: each for each in (await channel_healths(session)).items}
        return found[TEAM.channel.id]


@pytest.fixture
async def world(store_url: str) -> AsyncIterator[World]:
    database = Database.open(store_url)
    yield World(database)
    await database.close()


async def test_what_was_silenced_is_told_when_the_silence_ends(world: World) -> None:
    matchers = (Matcher(name="column", value="a"), Matcher(name="project", value="shop"))
    silence = SilenceDefinition(id=UUID(int=9), matchers=matchers, starts_at=NOON, ends_at=NOON + timedelta(hours=1))
    await world.see("warning", "a", "b")  # before the controller has ever answered
    await world.define(TEAM, silences=(silence,))
    assert await world.states() == ["silenced", "open"]
    assert await world.send() == [("firing", "b warning")]
    assert await world.send() is None
    await world.later(minutes=59)
    await world.see("critical")
    assert await world.send() is None
    await world.later(minutes=1)
    assert await world.states() == ["open", "open"]
    assert await world.send() == [("firing", "a critical")]
    await world.later(hours=3)
    assert await world.send() == [("firing", "b warning")]  # it is told again every four hours
    await world.do(close_alerts, "wine", "drift", "the rule is gone")
    assert await world.states() == ["resolved", "resolved"]
    for told in ("a critical", "b warning"):
        await world.later(seconds=2)  # this channel takes one message a second
        assert await world.send() == [("resolved", told)]
    rows = await world.rows(AlertRow)
    assert {row.resolved_why for row in rows} == {"the rule is gone"}
    assert {row.project for row in rows} == {"shop"}


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
async def test_what_was_over_before_the_controller_answered_is_told_with_its_end(world: World) -> None:
    silence = SilenceDefinition(
        id=UUID(int=9), matchers=(Matcher(name="column", value="a"),), starts_at=NOON, ends_at=NOON + timedelta(hours=1)
    )
    await world.see("warning", "a", "b")
    await world.later(seconds=2)
    await world.see("ok", "a", "b")
    await world.define(TEAM, silences=(silence,))
    assert await world.states() == ["resolved", "resolved"]
    assert await world.send() == [("firing", "b warning")]
    await world.later(seconds=2)
    assert await world.send() == [("resolved", "b warning")]
    await world.later(hours=5)
    assert await world.send() is None


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
async def test_a_queue_that_grows_becomes_one_message_and_repeats_do_not_pile_up(world: World) -> None:
    await world.define(TEAM)
    await world.see("warning", "a", "b", "c", "d", "e")
    assert await world.send(Outcome.retry("busy", after_s=120)) == [("firing", f"{name} warning") for name in "abcde"]
    await world.see("critical", "f")
    await world.see("ok", "a")
    assert await world.send() is None
    await world.later(minutes=2)
    first = await world.send()  # as it was, under its own id: its receiver may have it
    assert first == [("firing", f"{name} warning") for name in "abcde"]
    await world.later(seconds=2)
    assert await world.send() == [("firing", "f critical")]
    await world.later(seconds=2)
    assert await world.send() == [("resolved", "a warning")]
    for _ in range(6):
        await world.later(hours=5)
        while await world.send() is not None:
            await world.later(seconds=2)
    repeats = [row for row in await world.rows(DeliveryRow) if row.reason == "repeat"]
    assert len(repeats) == 30
    await world.do(delete_repeats)
    kept = [row for row in await world.rows(DeliveryRow) if row.reason == "repeat"]
    assert len({row.alert_id for row in kept}) == len(kept) == 5
    await world.do(observe_fact, events.ServiceDeleted(service_id=UUID(int=3), service="wine", deleted_at=NOON))
    assert set(await world.states()) == {"resolved"}


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
async def test_a_dead_channel_is_tried_again_when_it_was_changed(world: World) -> None:
    other = RoutedChannel(
        channel=ChannelDefinition(id=UUID(int=2), project=None, name="other", kind="webhook"), route=ChannelRoute()
    )
    await world.define(TEAM, other)
    await world.see("warning")
    assert await world.send(Outcome.channel_dead("the robot was removed")) is not None
    health = await world.health()
    assert (health.state, health.reason, health.waiting) == ("dead", "the robot was removed", 1)
    assert await world.send(routed=other) == [("firing", "a warning")]
    told = await world.send(routed=other)
    assert told is not None
    assert "team" in told[0][1]
    await world.later(hours=2)
    assert await world.send() is None
    changed = TEAM.model_copy(update={"secret_revision": 2})
    await world.define(changed, other)
    assert await world.send(Outcome.rejected("invalid payload"), changed) == [("firing", "a warning")]
    assert (await world.health()).state == "failing"
    await world.see("critical")
    await world.later(seconds=2)
    assert await world.send(routed=changed) == [("firing", "a critical")]
    assert ((await world.health()).state, (await world.health()).reason) == ("ok", None)
    assert await world.send(routed=other) == [("firing", "a critical")]
    assert await world.send(routed=other) == [("resolved", told[0][1])]
    await world.see("ok")
    await world.define(other)  # the channel is deleted: what waited for it is dropped
    states = [row.state for row in await world.rows(DeliveryRow) if row.channel == "team"]
    assert sorted(states) == ["dropped", "rejected", "sent"]
    await world.later(hours=25)
    await world.send(routed=other)
    assert {row.state for row in await world.rows(DeliveryRow) if row.channel == "other"} <= {"sent", "expired"}


async def test_alerts_with_much_evidence_come_in_pages_that_the_bus_takes(world: World) -> None:
    evidence = {"log_tail": ["é" * 2000] * 15}
    signals = [Signal("wine", "m", "k", {"n": str(place)}, "critical", "so", evidence, NOON) for place in range(30)]
    await world.do(observe, signals)
    seen: list[UUID] = []
    query = AlertsQuery(limit=30)
    async with world.database.read() as session:
        while True:
            page = await list_alerts(session, query)
            assert len(page.model_dump_json().encode()) < 1_000_000
            seen += [each.id for each in page.items]
            if page.next_cursor is None:
                break
            query = query.model_copy(update={"cursor": page.next_cursor})
    assert len(seen) == len(set(seen)) == 30
