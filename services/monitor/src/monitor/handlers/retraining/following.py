"""Triggers are followed as the controller defines them; schedules, due steps and retention, again and again."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from monitor.handlers.retraining import asking
from monitor.handlers.retraining.driving import RetrainingDriver
from monitor.store.retraining import runs
from monitor.store.retraining.triggers import due_triggers, save_triggers
from monitor.store.tables import RetrainingRow
from shared.errors import PenstockError, Unavailable

log = logging.getLogger(__name__)

LIST_EVERY_S = 10.0
LIST_AGAIN_S = 2.0
TICK_S = 1.0
SETTLE_S = 0.02
"""After a call that asked for something: its transaction may not have committed yet."""
FORGET_EVERY_S = 3600.0


@dataclass
class RetrainingLoop:
    """Everything that is done again and again."""

    driver: RetrainingDriver
    kept: timedelta
    is_listed: bool = False
    """Whether the controller's list was stored once since the start."""
    _wakeup: asyncio.Event = field(default_factory=asyncio.Event)
    _running: dict[UUID, asyncio.Task[None]] = field(default_factory=dict)
    _list_at: float = 0.0
    _forget_at: float = 0.0

    def wake(self) -> None:
        """Something was asked for: look at once."""
        self._wakeup.set()

    async def run(self) -> None:
        """Until cancelled."""
        try:
            while True:
                try:
                    await self._pass()
                except PenstockError as error:
                    log.debug("retrainings are not looked after now: %s", error.message)
                await self._wait()
        finally:
            for task in self._running.values():
                task.cancel()
            await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def _wait(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(TICK_S):
                await self._wakeup.wait()
            await asyncio.sleep(SETTLE_S)
        self._wakeup.clear()

    async def _pass(self) -> None:
        clock, database = self.driver.clock, self.driver.database
        await self.refresh(LIST_EVERY_S)
        now = clock.now()
        is_forgetting = clock.monotonic() >= self._forget_at
        busy = set(self._running)  # a step that ends while this is read leaves a row that is read as it was before
        async with database.read() as session:
            due = await runs.due(session, now)
            is_writing = is_forgetting or bool(await due_triggers(session, now))
        for row in due:
            if row.id not in busy:
                task = asyncio.create_task(self._step(row), name=f"retraining {row.id}")
                self._running[row.id] = task
        if not is_writing:
            return
        async with database.unit_of_work() as session:
            if await asking.by_schedule(session, now):
                self.wake()
            if is_forgetting:
                await runs.forget(session, now - self.kept)
        self._forget_at = clock.monotonic() + FORGET_EVERY_S if is_forgetting else self._forget_at

    async def _step(self, row: RetrainingRow) -> None:
        try:
            await self.driver.step(row)
        except PenstockError as error:
            log.warning("a step of retraining %s is not stored: %s", row.id, error.message)
            await self.driver.clock.sleep(TICK_S)
        except Exception:
            log.exception("a step of retraining %s", row.id)
            await self.driver.clock.sleep(LIST_EVERY_S)
        finally:
            self._running.pop(row.id, None)
            self.wake()

    async def refresh(self, older_than_s: float = 0.0) -> None:
        """Store what is defined, where the last answer is older; what is known stays while the controller is away."""
        clock = self.driver.clock
        if clock.monotonic() < self._list_at - LIST_EVERY_S + older_than_s:
            return
        self._list_at = clock.monotonic() + LIST_AGAIN_S
        try:
            listed = await self.driver.definitions.triggers()
        except Unavailable:
            return
        now = clock.now()
        async with self.driver.database.unit_of_work() as session:
            await save_triggers(session, listed, lambda trigger: asking.next_time(trigger, now))
        self.is_listed = True
        self._list_at = clock.monotonic() + LIST_EVERY_S
