"""Schedules and guards on a real store, with a time that is passed in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from monitor.handlers.retraining import asking
from monitor.main import MIGRATIONS
from monitor.store.retraining import runs
from monitor.store.retraining.triggers import save_triggers
from shared.contracts.retraining import RetrainingTrigger
from shared.migrations import open_migrated

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
SERVICE = UUID(int=2)


def trigger(**fields: Any) -> RetrainingTrigger:
    whole = {
        "id": UUID(int=1),
        "service_id": SERVICE,
        "service": "wine",
        "project": "default",
        "name": "hourly",
        "schedule": "PT1H",
        "action": {"kind": "webhook", "url": "http://127.0.0.1:9/"},
        "guards": {"cool_down": timedelta(minutes=90), "max_per_day": 2},
        "time_limit": timedelta(hours=1),
        **fields,
    }
    return RetrainingTrigger.model_validate(whole)


async def test_a_schedule_asks_when_it_is_due_and_guards_count(store_url: str) -> None:
    database = await open_migrated(MIGRATIONS, store_url)

    async def follow(*listed: RetrainingTrigger, at: datetime) -> None:
        async with database.unit_of_work() as session:
            await save_triggers(session, listed, lambda each: asking.next_time(each, at))

    async def tick(at: datetime) -> int:
        async with database.unit_of_work() as session:
            return await asking.by_schedule(session, at)

    async def finish(at: datetime) -> None:
        async with database.unit_of_work() as session:
            for row in await runs.in_flight_of(session, SERVICE):
                row.state, row.slot, row.ended_at = "succeeded", None, at

    await follow(trigger(), at=NOON)
    assert await tick(NOON + timedelta(minutes=59)) == 0
    assert await tick(NOON + timedelta(minutes=61)) == 1
    assert await tick(NOON + timedelta(minutes=61)) == 0
    await follow(trigger(revision=2), at=NOON + timedelta(minutes=70))
    assert await tick(NOON + timedelta(minutes=122)) == 1, "an edit that leaves the schedule leaves when it is due"
    await finish(NOON + timedelta(minutes=125))
    assert await tick(NOON + timedelta(minutes=190)) == 1
    assert await tick(NOON + timedelta(hours=5)) == 1
    await finish(NOON + timedelta(hours=5))
    assert await tick(NOON + timedelta(hours=8)) == 1
    await follow(trigger(is_paused=True), at=NOON + timedelta(hours=8))
    assert await tick(NOON + timedelta(days=9)) == 0
    async with database.read() as session:
        found = [(row.state, row.reason) for row in await runs.page(session, SERVICE, None, 10, None)]
        (first, *_) = await runs.page(session, SERVICE, UUID(int=1), 1, None)
        rest = await runs.page(session, SERVICE, UUID(int=1), 10, str(first.id))
    assert found[::-1] == [
        ("succeeded", None),
        ("refused", "InFlight"),
        ("refused", "CoolDown"),
        ("succeeded", None),
        ("refused", "DayMaximum"),
    ]
    assert len(rest) == 4
    async with database.unit_of_work() as session:
        await runs.forget(session, NOON + timedelta(days=9))
        assert await runs.page(session, SERVICE, None, 10, None) == []
    await database.close()
