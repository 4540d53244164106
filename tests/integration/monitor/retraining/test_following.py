"""Retrainings are followed one step at a time, however the reads and the steps fall together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from monitor.handlers.retraining import asking
from monitor.handlers.retraining.driving import RetrainingDriver
from monitor.handlers.retraining.following import RetrainingLoop
from monitor.main import MIGRATIONS
from monitor.store.retraining import runs
from monitor.store.retraining.triggers import save_triggers
from monitor.store.tables import RetrainingRow
from shared.clock import SystemClock
from shared.contracts.retraining import RetrainingTrigger
from shared.database import Database
from shared.errors import Unavailable
from shared.migrations import open_migrated
from waiting.eventually import eventually

LONG_AGO = datetime(2026, 5, 1, 12, tzinfo=UTC)
HOURLY = RetrainingTrigger.model_validate(
    {
        "id": UUID(int=1),
        "service_id": UUID(int=2),
        "service": "wine",
        "project": "default",
        "name": "hourly",
        "schedule": "PT1H",
        "action": {"kind": "webhook", "url": "http://127.0.0.1:9/"},
        "guards": {"cool_down": timedelta(0), "max_per_day": 9},
        "time_limit": timedelta(hours=1),
    }
)


def _steps() -> list[asyncio.Task[Any]]:
    return [task for task in asyncio.all_tasks() if task.get_name().startswith("retraining ")]


class LateReads:
    """A database whose answer, while a step is under way, arrives when that step is over: one that is loaded does so.

    A step waits for such a read.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.unit_of_work = database.unit_of_work
        self.is_read = asyncio.Event()
        self.is_late = False

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        was_stepping = bool(_steps())
        async with self._database.read() as session:
            yield session
        if was_stepping:
            self.is_read.set()
            await eventually(lambda: not _steps())
            self.is_late = True


class OneStep:
    """Starts retrainings, and counts how often."""

    clock = SystemClock()
    definitions: Any

    def __init__(self, database: LateReads) -> None:
        self.database, self.definitions, self.begun = database, self, 0

    async def triggers(self) -> Any:
        raise Unavailable("nobody is asked here")

    async def step(self, row: RetrainingRow) -> None:
        self.begun += 1
        await self.database.is_read.wait()
        async with self.database.unit_of_work() as session:
            found = await runs.load(session, row.id, for_update=True)
            found.state, found.next_at = "started", self.clock.now() + timedelta(hours=1)


async def test_what_was_read_before_a_step_had_ended_is_not_done_again(store_url: str) -> None:
    database = await open_migrated(MIGRATIONS, store_url)
    async with database.unit_of_work() as session:
        await save_triggers(session, [HOURLY], lambda each: asking.next_time(each, LONG_AGO))
        asked = await asking.by_schedule(session, LONG_AGO + timedelta(minutes=61))
    late = LateReads(database)
    driver = OneStep(late)
    loop = RetrainingLoop(cast("RetrainingDriver", driver), kept=timedelta(days=9999))
    running = asyncio.create_task(loop.run())

    async def followed() -> bool:
        loop.wake()
        return late.is_late and not _steps()

    await eventually(followed)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    async with database.read() as session:
        states = [row.state for row in await runs.in_flight_of(session, HOURLY.service_id)]
    await database.close()

    assert (asked, driver.begun, states) == (1, 1, ["started"])
