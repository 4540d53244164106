"""Door: time. Routes are compared and repaired, the scheduler's view is asked for, old answers are forgotten.

All are level-triggered: an event or a change only wakes them earlier.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

import nats.errors
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.exc import StaleDataError

from controller.handlers import facts, metering, routes
from controller.handlers.rollback import GivenUp, roll_back
from controller.store.answers import forget_answers
from controller.store.runs import Key
from shared.bus import Bus
from shared.clock import Clock
from shared.contracts.routes import ROUTES_BUCKET, intent_key, keys_key
from shared.contracts.rpc.method import Nothing
from shared.contracts.rpc.scheduler import RUNS, VERSION_STATES, RunPage, RunsQuery, VersionStateList
from shared.contracts.runs import PodRun
from shared.database import Database
from shared.errors import PenstockError

log = logging.getLogger(__name__)

AWAY = (nats.errors.Error, PenstockError, OSError, TimeoutError)
"""What a pass may fail with while something is away; anything else ends the process."""

_RACES = (IntegrityError, StaleDataError)
"""What writing down the state of a version fails with that was deleted at that moment; the next answer knows it."""

ANSWERS_KEPT = timedelta(hours=24)
RUNS_LISTED = timedelta(days=31)
"""How far back the first question for runs goes: as far as the scheduler remembers."""
RUNS_AGAIN = timedelta(hours=1)
"""How far before the last answer the next question goes."""


class RouteBucket(routes.RouteTable, Protocol):
    """The KV bucket `routes`, read too."""

    async def get(self, key: str) -> bytes | None:
        """A value, or None."""
        ...

    async def list_all(self) -> Mapping[str, bytes]:
        """Every key and its value."""
        ...


class RouteLoop:
    """Keeps the intent half of the route table as the database says: at once after a change, and every `interval`."""

    def __init__(self, database: Database, bus: Bus, clock: Clock, interval: timedelta, debug_key: str) -> None:
        self._database = database
        self._bus = bus
        self._clock = clock
        self._interval_s = interval.total_seconds()
        self._debug_key = debug_key
        self._touched: set[str] = set()
        self._wake = asyncio.Event()

    def touch(self, service: str) -> None:
        """Have the routes of `service` written now."""
        self._touched.add(service)
        self._wake.set()

    async def run(self) -> None:
        """Converge for ever."""
        await self._bus.connected()
        full_at = self._clock.monotonic()
        while True:
            is_full = self._clock.monotonic() >= full_at
            if await self._pass(is_full):
                full_at = self._clock.monotonic() + self._interval_s if is_full else full_at
            else:
                full_at = self._clock.monotonic()  # what was touched is still to be written: look at everything
                await self._clock.sleep(0.5)
                continue
            await self._until(full_at)

    async def _pass(self, is_full: bool) -> bool:
        touched = sorted(self._touched)
        self._touched.clear()
        self._wake.clear()
        try:
            await self.converge(None if is_full else touched)
        except AWAY as failure:
            log.warning("routes not written: %s", failure or type(failure).__name__)
            return False
        return True

    async def _until(self, deadline: float) -> None:
        try:
            async with asyncio.timeout(max(0.0, deadline - self._clock.monotonic())):
                await self._wake.wait()
        except TimeoutError:
            return

    async def converge(self, names: Sequence[str] | None) -> int:
        """Write what differs, of all services or of `names`; returns how many keys were wrong."""
        bucket: RouteBucket = self._bus.kv(ROUTES_BUCKET)
        async with self._database.read() as session:
            wanted = await routes.wanted_routes(session, self._clock.now(), names, self._debug_key)
        there = await bucket.list_all() if names is None else await _some(bucket, names)
        writes, removals = routes.differences(wanted, there, names)
        if not writes and not removals:
            return 0
        async with self._database.unit_of_work() as session:
            first = await routes.take_revisions(session, len(writes), routes.highest_revision(there))
        await routes.write_routes(bucket, writes, removals, first)
        return len(writes) + len(removals)


class ResyncLoop:
    """Asks the scheduler for its view of every version, and brings what is known here to it."""

    def __init__(
        self, database: Database, bus: Bus, clock: Clock, interval: timedelta, routes_changed: facts.RoutesChanged
    ) -> None:
        self._database = database
        self._bus = bus
        self._clock = clock
        self._interval_s = interval.total_seconds()
        self._routes_changed = routes_changed

    async def run(self) -> None:
        """Resync for ever."""
        await self._bus.connected()
        while True:
            try:
                await self.once()
            except AWAY as failure:
                log.info("scheduler not asked: %s", failure or type(failure).__name__)
            except _RACES as race:
                log.info("the scheduler's answer was overtaken by a deletion: %s", type(race).__name__)
            await self._clock.sleep(self._interval_s)

    async def once(self) -> None:
        """One question and what follows from the answer."""
        asked_at = self._clock.now()
        answer: Any = await self._bus.call(VERSION_STATES, Nothing())
        assert isinstance(answer, VersionStateList)
        async with self._database.unit_of_work() as session:
            await facts.resync(session, answer.items, asked_at, self._routes_changed)
        for state in answer.items:
            if state.has_rollout_failed:
                async with self._database.unit_of_work() as session:
                    await roll_back(session, GivenUp.of_state(state), self._clock.now(), self._routes_changed)


class MeteringLoop:
    """Asks the scheduler which runs of pods there are, and mends what events have lost."""

    def __init__(self, database: Database, bus: Bus, clock: Clock, interval: timedelta) -> None:
        self._database = database
        self._bus = bus
        self._clock = clock
        self._interval_s = interval.total_seconds()
        self._since: datetime | None = None
        self._missing: frozenset[Key] = frozenset()

    async def run(self) -> None:
        """Ask for ever."""
        await self._bus.connected()
        while True:
            try:
                await self.once()
            except AWAY as failure:
                log.info("runs not asked for: %s", failure or type(failure).__name__)
            await self._clock.sleep(self._interval_s)

    async def once(self) -> None:
        """One question and what follows from the answer."""
        asked_at = self._clock.now()
        since = self._since or asked_at - RUNS_LISTED
        listed = await self._listed(since)
        async with self._database.unit_of_work() as session:
            missing = await metering.resync(session, listed, since, asked_at, self._missing)
        self._missing, self._since = missing, asked_at - RUNS_AGAIN

    async def _listed(self, since: datetime) -> list[PodRun]:
        listed: list[PodRun] = []
        query = RunsQuery(ended_after=since)
        while True:
            page: Any = await self._bus.call(RUNS, query)
            assert isinstance(page, RunPage)
            listed += page.items
            if page.next_cursor is None:
                return listed
            query = query.model_copy(update={"cursor": page.next_cursor})


class ForgettingLoop:
    """Removes answers kept for `Idempotency-Key` once they are a day old."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def run(self) -> None:
        """Forget for ever."""
        while True:
            try:
                async with self._database.unit_of_work() as session:
                    await forget_answers(session, self._clock.now() - ANSWERS_KEPT)
            except AWAY as failure:
                log.warning("old answers not removed: %s", failure or type(failure).__name__)
            await self._clock.sleep(3600)


async def _some(bucket: RouteBucket, names: Sequence[str]) -> dict[str, bytes]:
    keys = [key for name in names for key in (keys_key(name), intent_key(name))]
    values = await asyncio.gather(*(bucket.get(key) for key in keys))
    return {key: value for key, value in zip(keys, values, strict=True) if value is not None}
