"""What the router does by itself: follow the routes, share the limits, report the traffic."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from datetime import UTC, datetime
from uuid import UUID

from router.clients import BucketState, BusHolder, RoutesBucket, SnapshotFile, publish
from router.domain.bucket import BucketView, Change, in_order
from router.domain.demand import Demand
from router.domain.peers import Peers
from router.domain.table import RouteTable
from router.domain.traffic import TrafficBook, interval
from router.settings import RouterSettings
from shared.clock import Clock
from shared.contracts.routes import ROUTERS_BUCKET, RouterHeartbeat
from shared.contracts.samples import PodTraffic, TrafficSample
from shared.errors import InvalidInput, Unavailable
from shared.ids import new_id

logger = logging.getLogger(__name__)

LARGEST_DELTA = 500
"""More changes than this are read faster as a whole listing."""
DEMAND_EVERY_S = 0.1
"""Between two samples of what is asked of autoscaled versions; a hurried beat comes with the next one."""
SAMPLES_KEPT = 360
"""An hour of samples that could not be sent; METRICS keeps no more either."""


class RouteFollower:
    """Keeps the route table what the bucket says, and the snapshot what the table is."""

    def __init__(
        self, settings: RouterSettings, bucket: RoutesBucket, table: RouteTable, snapshot: SnapshotFile, clock: Clock
    ) -> None:
        self._bucket = bucket
        self._table = table
        self._snapshot = snapshot
        self._clock = clock
        self._poll_s = settings.routes_poll.total_seconds()
        self._relist_s = settings.routes_relist.total_seconds()
        self._relist_at = 0.0
        self._has_unsaved = False
        self.view = BucketView(settings.routes_grace.total_seconds())
        self.is_current = False
        self.synced = asyncio.Event()

    def restore(self) -> bool:
        """Start from the snapshot; False where there is no usable one."""
        content = self._snapshot.read()
        if content is None:
            return False
        try:
            self._apply(self.view.restore(content))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            logger.warning("the snapshot %s is not readable: %s", self._snapshot.path, error)
            return False
        self._table.is_known = True
        logger.info("serving %s services from the snapshot", len(self._table.services))
        return bool(self.view.entries)

    async def run(self) -> None:
        """Look at the bucket for ever; while it cannot be read, what is known goes on to hold."""
        while True:
            try:
                await self.follow()
            except Unavailable as error:
                if self.is_current:
                    logger.warning("routes may be out of date: %s", error.message)
                self.is_current = False
            await self._clock.sleep(self._poll_s)

    async def follow(self) -> None:
        """Take what has changed since the last look; raises Unavailable."""
        state = await self._bucket.state()
        now = self._clock.monotonic()
        is_behind = state.last_sequence - self.view.sequence
        if self._must_relist(state, now):
            listing = await self._bucket.list_all()
            self._relist_at = now + self._relist_s
            self._take(self.view.replace(state.created, state.last_sequence, listing, now))
        elif is_behind:
            async for entry in self._bucket.since(self.view.sequence, state.last_sequence):
                self._take(self.view.update(entry.sequence, entry.key, entry.value, now))
            self.view.sequence = max(self.view.sequence, state.last_sequence)
        self._take(self.view.forget_unconfirmed(now))
        self._save()
        self.is_current = self._table.is_known = True
        self.synced.set()

    def _must_relist(self, state: BucketState, now: float) -> bool:
        return (
            not self.is_current
            or now >= self._relist_at
            or state.created != self.view.created
            or not 0 <= state.last_sequence - self.view.sequence <= LARGEST_DELTA
        )

    def _take(self, changes: list[Change]) -> None:
        if changes:
            self._has_unsaved = True
            self._apply(changes)

    def _apply(self, changes: list[Change]) -> None:
        for key, value in in_order(changes):
            try:
                self._table.apply(key, value)
            except InvalidInput as error:
                logger.warning("a route is left as it was: %s", error.message)

    def _save(self) -> None:
        if not self._has_unsaved:
            return
        try:
            self._snapshot.write(self.view.encode())
        except OSError as error:
            logger.warning("the routes' snapshot could not be written: %s", error)
        else:
            self._has_unsaved = False


class Heartbeat:
    """Says that this router lives, and shares the rate limits with those that do; while the bus is away, as before."""

    def __init__(
        self, settings: RouterSettings, holder: BusHolder, table: RouteTable, demand: Demand, clock: Clock
    ) -> None:
        self._id = settings.id
        self._demand = demand
        self._hurried = asyncio.Event()
        self._beat_s = settings.heartbeat.total_seconds()
        self._holder = holder
        self._table = table
        self._clock = clock
        self._peers = Peers(settings.id, self._beat_s)
        self._counted: dict[UUID, int] = {}
        self._counted_at = clock.monotonic()

    async def run(self) -> None:
        """Beat for ever."""
        while True:
            try:
                await self.beat()
            except Unavailable as error:
                logger.debug("no heartbeat: %s", error.message)
            await self._until(self._clock.monotonic() + self._beat_s)

    def hurry(self) -> None:
        """Somebody waits for a pod: beat soon, if there are versions that sleep."""
        if self._demand.has_sleepers:
            self._hurried.set()

    async def _until(self, deadline: float) -> None:
        """Sample what is asked until the next beat is due; a hurried one comes with the next sample."""
        self._hurried.clear()
        while (left := deadline - self._clock.monotonic()) > 0 and not self._hurried.is_set():
            await self._clock.sleep(min(left, DEMAND_EVERY_S))
            self._demand.sample()

    async def beat(self) -> None:
        """One beat, and a look at the others'; raises Unavailable."""
        asked, elapsed_s = self._asked()
        own = RouterHeartbeat(beat=new_id(), asked=asked, in_flight=self._demand.taken(elapsed_s))
        bucket = self._holder.bus.kv(ROUTERS_BUCKET)
        await bucket.put(self._id, own.model_dump_json().encode())
        others = self._peers.others(await bucket.list_all(), self._clock.monotonic())
        self._table.share_limits(own.asked, [other.asked for other in others])

    def _asked(self) -> tuple[dict[UUID, float], float]:
        """Version → requests a second since the last beat, where there were any; and how long ago that was."""
        before, since = self._counted, self._counted_at
        self._counted_at = self._clock.monotonic()
        self._counted = {version: limiter.asked for version, limiter in self._table.limiters()}
        elapsed = max(self._counted_at - since, 1e-3)
        new = {version: count - before.get(version, 0) for version, count in self._counted.items()}
        return {version: round(count / elapsed, 2) for version, count in new.items() if count > 0}, elapsed


class TrafficReporter:
    """Reports what was answered in each interval, until the stream has it."""

    def __init__(
        self, settings: RouterSettings, traffic: TrafficBook, table: RouteTable, holder: BusHolder, clock: Clock
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
        """Report for ever."""
        while True:
            await self._clock.sleep(self._interval_s)
            await self.report()

    async def report(self) -> None:
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
        changes = [interval(after, self._before.get(key)) for key, after in snapshot.items()]
        pods = tuple(change for change in changes if change is not None)
        self._forget_gone(snapshot)
        self._before = snapshot
        used = self._table.keys.take_used()
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
