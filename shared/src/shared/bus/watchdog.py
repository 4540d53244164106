"""Every five seconds: does the connection read, is the bus what it should be, do the consumers turn?

What can be repaired is repaired (reconnect, make streams and durables anew); what cannot ends the process, which is
then started again. A task that is alive proves nothing: FastStream restarts its own silently.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

import nats.errors
from nats.js.errors import Error as JetStreamError
from nats.js.errors import NotFoundError

from shared.bus.connection import Connection
from shared.bus.metrics import BusMetrics
from shared.bus.topology import STREAM_OWNER
from shared.clock import Clock
from shared.errors import Unavailable

log = logging.getLogger("penstock.bus.watchdog")

EVERY_S = 5.0
STUCK_AFTER_S = 120.0
"""A handler may take 24 s and a pull 2 s; two minutes without a turn while connected is not waiting, it is stuck."""


class BusLost(Unavailable):
    """The connection is beyond repair; a new one, or a new process, must take its place."""


class Watchdog:
    """Looks after one process' part of the bus."""

    def __init__(
        self,
        connection: Connection,
        ensure: Callable[[], Awaitable[list[str]]],
        last_turns: Callable[[], dict[str, float]],
        *,
        clock: Clock,
        metrics: BusMetrics,
    ) -> None:
        self._connection = connection
        self._ensure = ensure
        self._last_turns = last_turns
        self._clock = clock
        self._metrics = metrics
        self._connected_since: float | None = None
        self._unanswered = False

    async def run(self, *, every_s: float = EVERY_S) -> None:
        """Look until cancelled. Raises `BusLost` when only a new process can help."""
        while True:
            await self._clock.sleep(every_s)
            await self.look()

    async def look(self) -> None:
        """One look."""
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
        self._check_progress()
        await self._repair()

    def _check_progress(self) -> None:
        now = self._clock.monotonic()
        self._connected_since = self._connected_since or now
        for name, turned_at in self._last_turns().items():
            if now - max(turned_at, self._connected_since) > STUCK_AFTER_S:
                raise BusLost(f"{name} has not turned for {STUCK_AFTER_S:g} s")

    async def _repair(self) -> None:
        try:
            changed = await self._ensure()
        except NotFoundError as error:
            if not self._unanswered:
                log.warning("a stream is missing: %s; the %s makes it", error.description, STREAM_OWNER)
            self._unanswered = True
            return
        except (nats.errors.Error, JetStreamError, TimeoutError, OSError) as error:
            if not self._unanswered:
                log.warning("JetStream does not answer: %s (a full disk?)", str(error) or type(error).__name__)
            self._unanswered = True
            return
        self._unanswered = False
        self._metrics.repaired.inc(len(changed))
