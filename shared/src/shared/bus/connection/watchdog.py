"""Every five seconds: checks that the connection reads, the topology is complete and every consumer fetches.

What can be repaired is repaired (reconnect, make streams and durables anew); what cannot ends the process, which is
then started again. A task that is alive proves nothing: FastStream restarts its own silently.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from nats.js.errors import NotFoundError

from shared.bus.connection.client import BusConnection
from shared.bus.metrics import BusMetrics
from shared.bus.nats_errors import NATS_ERRORS
from shared.bus.topology import STREAM_OWNER
from shared.clock import Clock
from shared.errors import Unavailable, describe_error

log = logging.getLogger("penstock.bus.watchdog")

INTERVAL_S = 5.0
STUCK_AFTER_S = 120.0
"""A handler may take 24 s and a pull 2 s; two minutes without a fetch while connected: it is stuck."""


class BusLost(Unavailable):
    """The connection is beyond repair; a new one, or a new process, must take its place."""


class Watchdog:
    """Checks and repairs the bus of one process."""

    def __init__(
        self,
        connection: BusConnection,
        ensure: Callable[[], Awaitable[list[str]]],
        last_fetches: Callable[[], dict[str, float]],
        *,
        clock: Clock,
        metrics: BusMetrics,
    ) -> None:
        self._connection = connection
        self._ensure = ensure
        self._last_fetches = last_fetches
        self._clock = clock
        self._metrics = metrics
        self._connected_since: float | None = None
        self._is_failing = False

    async def run(self, *, every_s: float = INTERVAL_S) -> None:
        """Check until cancelled. Raises `BusLost` when only a new process can help."""
        while True:
            await self._clock.sleep(every_s)
            await self.check()

    async def check(self) -> None:
        """One check."""
        client = self._connection.client
        if self._connection.closed.is_set() or client.is_closed:
            raise BusLost("the connection to the bus was closed for good")
        self._metrics.connected.set(client.is_connected)
        if not client.is_connected:
            self._connected_since = None
            return
        if not client.is_reading:
            log.error("the connection to the bus does not read any more; connecting anew")
            await client.force_reconnect()
            return
        self._check_fetches()
        await self._repair()

    def _check_fetches(self) -> None:
        now = self._clock.monotonic()
        self._connected_since = self._connected_since or now
        for name, fetched_at in self._last_fetches().items():
            if now - max(fetched_at, self._connected_since) > STUCK_AFTER_S:
                raise BusLost(f"{name} has not fetched for {STUCK_AFTER_S:g} s")

    async def _repair(self) -> None:
        try:
            changed = await self._ensure()
        except NotFoundError as error:
            if not self._is_failing:
                log.warning("a stream is missing: %s; the %s makes it", error.description, STREAM_OWNER)
            self._is_failing = True
            return
        except NATS_ERRORS as error:
            if not self._is_failing:
                log.warning("JetStream does not answer: %s (a full disk?)", describe_error(error))
            self._is_failing = True
            return
        self._is_failing = False
        self._metrics.repaired.inc(len(changed))
