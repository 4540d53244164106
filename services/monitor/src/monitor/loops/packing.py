"""The loop that packs samples into blocks, and blocks into those of longer steps; what is too old goes."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from monitor.domain.metrics.rollup import kept_since
from monitor.settings import MonitorSettings
from monitor.store.metrics.blocks import (
    LONGER,
    MINUTES,
    delete_blocks,
    merge_into_minutes,
)
from monitor.store.metrics.legacy import delete_recent, move_minutes
from monitor.store.metrics.percentiles import delete_percentiles, fill_percentiles
from monitor.store.metrics.rolling import hours_to_roll, roll_hour
from monitor.store.metrics.samples import delete_measured, newest_measured, services_measured, take_unpacked
from shared.clock import Clock
from shared.contracts.rpc.monitor import RECENT_KEPT
from shared.database import Database
from shared.errors import Unavailable

log = logging.getLogger(__name__)

INTERVAL_S = 60.0
SETTLED_AFTER_S = 600
"""An hour is rolled up so long after its end; what comes later has it rolled up again."""
SERVICES_AT_ONCE = 10
HOURS_AT_ONCE = 2_000
ROWS_AT_ONCE = 2_000
BLOCKS_AT_ONCE = 10
SLICES_AT_ONCE = 20


@dataclass
class Packer:
    """Packs some services at a time, in a transaction of their own: samples wait for a moment at most."""

    database: Database
    clock: Clock
    settings: MonitorSettings
    packed: int = 0
    """Samples up to this number are in blocks."""
    is_filled: bool = False
    """Every block of latencies has its percentiles."""

    async def run(self) -> None:
        """Pack until cancelled."""
        while True:
            await self.clock.sleep(INTERVAL_S)
            try:
                await self.pack_once()
            except Unavailable as error:
                log.warning("nothing packed this time: %s", error)

    async def pack_once(self) -> None:
        """Pack what there is now, roll up the hours that are over, and delete what is too old."""
        await self.pack_samples()
        await self._move_minutes()
        await self._roll_hours()
        await self._fill_percentiles()
        await self._delete_expired()

    async def pack_samples(self) -> None:
        """Pack every sample that there is now."""
        async with self.database.read() as session:
            upto = await newest_measured(session)
            services = await services_measured(session, self.packed, upto)
        for first in range(0, len(services), SERVICES_AT_ONCE):
            async with self.database.unit_of_work() as session:
                some = services[first : first + SERVICES_AT_ONCE]
                await merge_into_minutes(session, await take_unpacked(session, some, upto))
        self.packed = max(self.packed, upto)

    async def _move_minutes(self) -> None:
        """Minutes of releases before, some at each pass."""
        for _ in range(SLICES_AT_ONCE):
            async with self.database.unit_of_work() as session:
                if not await move_minutes(session, ROWS_AT_ONCE):
                    return

    async def _roll_hours(self) -> None:
        over = int(self.clock.now().timestamp()) - SETTLED_AFTER_S
        async with self.database.read() as session:
            hours = await hours_to_roll(session, over, HOURS_AT_ONCE)
        for kind, service, hour in hours:
            async with self.database.unit_of_work() as session:
                await roll_hour(session, kind, service, hour)

    async def _fill_percentiles(self) -> None:
        """Those of blocks of releases before, some at each pass; later ones get theirs as they are rolled up."""
        for _ in range(0 if self.is_filled else SLICES_AT_ONCE):
            async with self.database.unit_of_work() as session:
                self.is_filled = not await fill_percentiles(session, BLOCKS_AT_ONCE)
            if self.is_filled:
                return

    async def _delete_expired(self) -> None:
        now, settings = self.clock.now(), self.settings
        async with self.database.unit_of_work() as session:
            await delete_measured(session, kept_since(now, RECENT_KEPT), self.packed)
            await delete_recent(session, kept_since(now, RECENT_KEPT))
            await delete_blocks(session, MINUTES, kept_since(now, settings.metrics_minutes_kept))
            for tier in LONGER:
                await delete_blocks(session, tier, kept_since(now, settings.metrics_kept))
                await delete_percentiles(session, tier, kept_since(now, settings.metrics_kept))
