"""The loop that reports what was answered: a `TrafficSample` each interval."""

from __future__ import annotations

import logging
from collections import deque
from datetime import UTC, datetime

from router.clients import ReconnectingBus, publish
from router.domain.routes.table import RouteTable
from router.domain.traffic_counters import TrafficTallies, traffic_between
from router.settings import RouterSettings
from shared.clock import Clock
from shared.contracts.metrics.samples import PodTraffic, TrafficSample
from shared.errors import Unavailable
from shared.ids import new_id

logger = logging.getLogger(__name__)

SAMPLES_KEPT = 360
"""An hour of samples that could not be sent; METRICS keeps no more either."""


class TrafficReportLoop:
    """Reports what was answered in each interval, until the stream has it."""

    def __init__(
        self,
        settings: RouterSettings,
        traffic: TrafficTallies,
        table: RouteTable,
        holder: ReconnectingBus,
        clock: Clock,
    ):
        self._source = f"router-{settings.id}"
        self._interval_s = settings.sample_interval.total_seconds()
        self._traffic = traffic
        self._table = table
        self._holder = holder
        self._clock = clock
        self._run_id = new_id()
        self._sequence = 0
        self._from = clock.now()
        self._before: dict[tuple[str, str], PodTraffic] = {}
        self._unsent: deque[TrafficSample] = deque(maxlen=SAMPLES_KEPT)

    async def run(self) -> None:
        """Report until cancelled."""
        while True:
            await self._clock.sleep(self._interval_s)
            await self.report_once()

    async def report_once(self) -> None:
        """Take a sample, and send every one that is not sent yet; the bus may be away."""
        self._sample()
        while self._unsent and self._holder.is_connected:
            sample = self._unsent[0]
            try:
                await publish(
                    self._holder,
                    f"penstock.metrics.v1.{self._source}",
                    sample.model_dump_json().encode(),
                    message_id=f"{sample.run_id}-{sample.sequence}",
                    stream="METRICS",
                )
            except Unavailable as error:
                logger.info("a traffic sample waits: %s", error.message)
                return
            if self._unsent and self._unsent[0] is sample:
                self._unsent.popleft()

    def _sample(self) -> None:
        now, snapshot = self._clock.now(), self._traffic.snapshot()
        changes = [traffic_between(after, self._before.get(key)) for key, after in snapshot.items()]
        pods = tuple(change for change in changes if change is not None)
        self._forget_gone(snapshot)
        self._before = snapshot
        used = self._table.keys.pop_last_uses()
        if pods or used:
            self._sequence += 1
            self._unsent.append(
                TrafficSample(
                    source=self._source,
                    sequence=self._sequence,
                    run_id=self._run_id,
                    from_time=self._from,
                    to_time=now,
                    pods=pods,
                    keys={key: datetime.fromtimestamp(at, UTC) for key, at in used.items()},
                )
            )
        self._from = now

    def _forget_gone(self, snapshot: dict[tuple[str, str], PodTraffic]) -> None:
        live = {pod.tally.pod for pod in self._table.pods()}
        gone = [
            key
            for key, counts in snapshot.items()
            if counts.pod is not None and counts.pod not in live and counts == self._before.get(key)
        ]
        self._traffic.forget(gone)
        for key in gone:
            snapshot.pop(key)
