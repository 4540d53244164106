"""The loop that announces this router in the bucket `routers` and divides the rate limits among the live routers."""

from __future__ import annotations

import asyncio
import logging
from uuid import UUID

from router.clients import ReconnectingBus
from router.domain.demand import Demand
from router.domain.peers import Peers
from router.domain.routes.table import RouteTable
from router.settings import RouterSettings
from shared.clock import Clock
from shared.contracts.routes import ROUTERS_BUCKET, RouterHeartbeat
from shared.errors import Unavailable
from shared.ids import new_id

logger = logging.getLogger(__name__)

DEMAND_INTERVAL_S = 0.1
"""Between two samples of the load of autoscaled versions; an early beat comes with the next one."""


class HeartbeatLoop:
    """Writes this router's heartbeat and reads those of the others; without the bus, shares stay as they are."""

    def __init__(
        self, settings: RouterSettings, holder: ReconnectingBus, table: RouteTable, demand: Demand, clock: Clock
    ) -> None:
        self._id = settings.id
        self._demand = demand
        self._is_beat_due = asyncio.Event()
        self._beat_s = settings.heartbeat.total_seconds()
        self._holder = holder
        self._table = table
        self._clock = clock
        self._peers = Peers(settings.id, self._beat_s)
        self._request_counts: dict[UUID, int] = {}
        self._counted_at = clock.monotonic()

    async def run(self) -> None:
        """Beat until cancelled."""
        while True:
            try:
                await self.beat_once()
            except Unavailable as error:
                logger.debug("no heartbeat: %s", error.message)
            await self._until(self._clock.monotonic() + self._beat_s)

    def beat_soon(self) -> None:
        """A request is held: beat with the next sample if a version is scaled to zero."""
        if self._demand.has_scaled_to_zero:
            self._is_beat_due.set()

    async def _until(self, deadline: float) -> None:
        """Sample the load until the next beat is due; an early one comes with the next sample."""
        self._is_beat_due.clear()
        while (left := deadline - self._clock.monotonic()) > 0 and not self._is_beat_due.is_set():
            await self._clock.sleep(min(left, DEMAND_INTERVAL_S))
            self._demand.sample()

    async def beat_once(self) -> None:
        """Write one beat and read the others'; raises Unavailable."""
        asked, elapsed_s = self._measure_request_rates()
        own = RouterHeartbeat(beat=new_id(), asked=asked, in_flight=self._demand.pop_averages(elapsed_s))
        bucket = self._holder.bus.kv(ROUTERS_BUCKET)
        await bucket.put(self._id, own.model_dump_json().encode())
        others = self._peers.others(await bucket.list_all(), self._clock.monotonic())
        self._table.share_limits(own.asked, [other.asked for other in others])

    def _measure_request_rates(self) -> tuple[dict[UUID, float], float]:
        """Version → requests a second since the last beat, where there were any; and how long ago that was."""
        before, since = self._request_counts, self._counted_at
        self._counted_at = self._clock.monotonic()
        self._request_counts = {version: limiter.requests for version, limiter in self._table.limiters()}
        elapsed = max(self._counted_at - since, 1e-3)
        new = {version: count - before.get(version, 0) for version, count in self._request_counts.items()}
        return {version: round(count / elapsed, 2) for version, count in new.items() if count > 0}, elapsed
