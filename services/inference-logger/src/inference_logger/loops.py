"""Door: time. Tables are compacted, and what is committed and old enough is purged from the stream."""

from __future__ import annotations

import logging
from datetime import timedelta

import nats.errors
from deltalake.exceptions import DeltaError
from nats.js.api import RawStreamMsg
from nats.js.errors import Error as JetStreamError

from inference_logger import handlers
from inference_logger.store import catalogue
from inference_logger.store.delta import PayloadTables
from shared.bus import Bus
from shared.bus.bulk import identity
from shared.bus.topology import REQUESTS
from shared.clock import Clock
from shared.database import Database
from shared.errors import Unavailable

log = logging.getLogger(__name__)

PURGE_INTERVAL_S = 60.0
REMOVAL_INTERVAL_S = 2.0
FULL = 0.75
"""Share of the stream's byte cap above which everything committed is purged, however young."""


async def keep_tidy(
    tables: PayloadTables, database: Database, clock: Clock, interval: timedelta, kept: timedelta
) -> None:
    """Compact every table each `interval`, until cancelled."""
    while True:
        await clock.sleep(interval.total_seconds())
        try:
            await handlers.tidy(tables, database, kept)
        except (DeltaError, OSError, Unavailable) as error:
            log.warning("tables were not compacted this time: %s", error)


async def remove_purged(tables: PayloadTables, database: Database, clock: Clock) -> None:
    """Remove the tables of services that were deleted with them, until cancelled."""
    while True:
        try:
            await handlers.remove_purged(tables, database)
        except (DeltaError, OSError, Unavailable) as error:
            log.warning("tables of a deleted service were not removed this time: %s", error)
        await clock.sleep(REMOVAL_INTERVAL_S)


async def purge(bus: Bus, database: Database, clock: Clock, kept: timedelta) -> None:
    """Purge `REQUESTS` up to what is committed and older than `kept`, until cancelled."""
    await bus.connected()
    while True:
        try:
            await purge_once(bus, database, clock, kept)
        except (nats.errors.Error, JetStreamError, Unavailable, TimeoutError) as error:
            log.warning("nothing purged this time: %s", str(error) or type(error).__name__)
        await clock.sleep(PURGE_INTERVAL_S)


async def purge_once(bus: Bus, database: Database, clock: Clock, kept: timedelta) -> int:
    """The sequence below which the stream is now empty."""
    stream = await identity(bus.js, REQUESTS)
    async with database.read() as session:
        committed = await catalogue.checkpoint(session, f"{REQUESTS}:{stream.created.isoformat()}")
    first = max(1, stream.first_seq)
    before = committed + 1
    if not await _is_filling(bus):
        before = await _first_younger(bus, first, committed, (clock.now() - kept).timestamp())
    if before > first:
        await bus.js.purge_stream(REQUESTS, seq=before)
    return before


async def _is_filling(bus: Bus) -> bool:
    info = await bus.js.stream_info(REQUESTS)
    cap = info.config.max_bytes or 0
    return cap > 0 and info.state.bytes > FULL * cap


async def _first_younger(bus: Bus, first: int, committed: int, limit: float) -> int:
    """By bisection, the first position of first..committed+1 that is younger than `limit` (unix seconds)."""
    low, high = first, committed + 1
    while low < high:
        middle = (low + high) // 2
        if _stored_at(await bus.js.get_msg(REQUESTS, middle)) < limit:
            low = middle + 1
        else:
            high = middle
    return low


def _stored_at(message: RawStreamMsg) -> float:
    assert message.time is not None
    return message.time.timestamp()
