"""Asks the scheduler for the runs of pods."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from controller.handlers.resources import metering
from controller.loops.failures import AWAY
from controller.store.resources.runs import RunKey
from shared.bus import Bus
from shared.clock import Clock
from shared.contracts.rpc.scheduler import RUNS, RunPage, RunsQuery
from shared.contracts.runs import PodRun
from shared.database import Database
from shared.errors import describe_error

log = logging.getLogger(__name__)

RUNS_LISTED = timedelta(days=31)
"""How far back the first query of runs goes: as far as the scheduler keeps them."""
RUNS_AGAIN = timedelta(hours=1)
"""How far before the last answer the next query goes."""


class MeteringLoop:
    """Compares the rows of runs with those that the scheduler lists, and repairs what lost events left wrong."""

    def __init__(self, database: Database, bus: Bus, clock: Clock, interval: timedelta) -> None:
        self._database = database
        self._bus = bus
        self._clock = clock
        self._interval_s = interval.total_seconds()
        self._since: datetime | None = None
        self._missing: frozenset[RunKey] = frozenset()

    async def run(self) -> None:
        """Resync until cancelled."""
        await self._bus.connected()
        while True:
            try:
                await self.run_once()
            except AWAY as failure:
                log.info("runs not read from the scheduler: %s", describe_error(failure))
            await self._clock.sleep(self._interval_s)

    async def run_once(self) -> None:
        """One resync of the rows of runs."""
        asked_at = self._clock.now()
        since = self._since or asked_at - RUNS_LISTED
        listed = await self._listed(since)
        async with self._database.unit_of_work() as session:
            missing = await metering.resync_runs(session, listed, since, asked_at, self._missing)
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
