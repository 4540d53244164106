"""Keeps the intent half of the route table as the database says."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Protocol

from controller.handlers.services import routes
from controller.loops.failures import AWAY
from shared.bus import Bus
from shared.clock import Clock
from shared.contracts.routes import ROUTES_BUCKET, intent_key, keys_key
from shared.database import Database
from shared.errors import describe_error

log = logging.getLogger(__name__)


class RouteBucket(routes.RouteTableWriter, Protocol):
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
        """Converge until cancelled."""
        await self._bus.connected()
        full_at = self._clock.monotonic()
        while True:
            is_full = self._clock.monotonic() >= full_at
            if await self._pass(is_full):
                full_at = self._clock.monotonic() + self._interval_s if is_full else full_at
            else:
                full_at = self._clock.monotonic()  # what was touched is still to be written: compare everything
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
            log.warning("routes not written: %s", describe_error(failure))
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
            wanted = await routes.desired_routes(session, self._clock.now(), names, self._debug_key)
        there = await bucket.list_all() if names is None else await _some(bucket, names)
        writes, removals = await routes.route_differences(wanted, there, names)
        if not writes and not removals:
            return 0
        async with self._database.unit_of_work() as session:
            first = await routes.reserve_revisions(session, len(writes), routes.highest_revision(there))
        await routes.write_routes(bucket, writes, removals, first)
        return len(writes) + len(removals)


async def _some(bucket: RouteBucket, names: Sequence[str]) -> dict[str, bytes]:
    keys = [key for name in names for key in (keys_key(name), intent_key(name))]
    values = await asyncio.gather(*(bucket.get(key) for key in keys))
    return {key: value for key, value in zip(keys, values, strict=True) if value is not None}
