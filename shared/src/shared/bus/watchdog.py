"""Looks every five seconds whether the bus still works for this process, and mends or ends it.

It checks what the client does not say: that its read loop lives (a malformed header block ends it while `is_connected`
stays true), that the server answers a round trip, that streams and durables are there as wanted.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable

import nats.errors
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.errors import APIError

from shared.bus.bootstrap import ensure
from shared.bus.topology import Durable
from shared.clock import Clock

log = logging.getLogger("penstock.bus.watchdog")

INTERVAL_S = 5.0
SILENT_LIMIT = 3
"""Round trips that may fail in a row on a connection that calls itself connected; then the process ends."""


class BusLost(Exception):
    """The connection is beyond repair; the process must be started again."""


async def watch(connection: Client, js: JetStreamContext, durables: Iterable[Durable], clock: Clock) -> None:
    """Check until cancelled; raises `BusLost` when only a new process helps."""
    silent = 0
    own = tuple(durables)
    while True:
        await clock.sleep(INTERVAL_S)
        if connection.is_closed:
            raise BusLost("the connection to NATS is closed for good")
        if read_loop_ended(connection):
            raise BusLost("the client's read loop has ended")
        if not connection.is_connected:
            silent = 0
            continue
        silent = 0 if await _answers(connection, js, own) else silent + 1
        if silent >= SILENT_LIMIT:
            raise BusLost(f"NATS has not answered {silent} times in a row on an open connection")


def read_loop_ended(connection: Client) -> bool:
    """Whether the task that reads from the server is over although the client believes itself connected."""
    task = connection._reading_task
    return connection.is_connected and task is not None and task.done()


async def _answers(connection: Client, js: JetStreamContext, durables: tuple[Durable, ...]) -> bool:
    try:
        await connection.flush(timeout=2)
    except (nats.errors.Error, TimeoutError):
        return False
    try:
        await ensure(js, durables)
    except (nats.errors.Error, APIError, TimeoutError, asyncio.CancelledError) as error:
        if isinstance(error, asyncio.CancelledError):
            raise
        log.warning("streams and consumers could not be checked: %s", error or type(error).__name__)
    return True
