"""Asks the scheduler for its view of every version."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from controller.handlers.services import observations
from controller.handlers.services.rollback import FailedRollout, roll_back
from controller.loops.failures import AWAY, RACES
from shared.bus import Bus
from shared.clock import Clock
from shared.contracts.rpc.method import Nothing
from shared.contracts.rpc.scheduler import VERSION_STATES, VersionStateList
from shared.database import Database
from shared.errors import describe_error

log = logging.getLogger(__name__)


class ResyncLoop:
    """Asks the scheduler for its view of every version, and brings what is known here to it."""

    def __init__(
        self,
        database: Database,
        bus: Bus,
        clock: Clock,
        interval: timedelta,
        routes_changed: observations.RoutesChanged,
    ) -> None:
        self._database = database
        self._bus = bus
        self._clock = clock
        self._interval_s = interval.total_seconds()
        self._routes_changed = routes_changed

    async def run(self) -> None:
        """Resync until cancelled."""
        await self._bus.connected()
        while True:
            try:
                await self.run_once()
            except AWAY as failure:
                log.info("versions not read from the scheduler: %s", describe_error(failure))
            except RACES as race:
                log.info("the scheduler's answer was overtaken by a deletion: %s", type(race).__name__)
            await self._clock.sleep(self._interval_s)

    async def run_once(self) -> None:
        """One resync; versions whose rollout failed are rolled back."""
        asked_at = self._clock.now()
        answer: Any = await self._bus.call(VERSION_STATES, Nothing())
        assert isinstance(answer, VersionStateList)
        async with self._database.unit_of_work() as session:
            await observations.resync_versions(session, answer.items, asked_at, self._routes_changed)
        for state in answer.items:
            if state.has_rollout_failed:
                async with self._database.unit_of_work() as session:
                    await roll_back(session, FailedRollout.of_state(state), self._clock.now(), self._routes_changed)
