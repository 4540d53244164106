"""Loops: tables are compacted, and what is committed and old enough is purged from the stream."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import Any

import nats.errors
from deltalake.exceptions import DeltaError
from nats.js.errors import Error as JetStreamError

from inference_logger.domain.tables import TableKey
from inference_logger.handlers import maintenance
from inference_logger.handlers.derived.tables import DerivedTables
from inference_logger.handlers.erase import Erasures
from inference_logger.handlers.purge import purge_once
from inference_logger.handlers.reading.accounting import LogAccounting
from inference_logger.handlers.removal import TableRemoval
from inference_logger.handlers.replicas.ownership import LEADER, Ownership
from inference_logger.handlers.stores import Stores
from shared.bus import Bus
from shared.clock import Clock
from shared.errors import NotFound, PenstockError, Unavailable, describe_error

log = logging.getLogger(__name__)

PURGE_INTERVAL_S = 60.0
REMOVAL_INTERVAL_S = 2.0
ACCOUNTING_INTERVAL_S = 60.0
ERASURE_INTERVAL_S = 2.0


async def run_compaction(stores: Stores, clock: Clock, interval: timedelta, kept: maintenance.Keeping) -> None:
    """Compact every table each `interval`, until cancelled; first of all, follow a home that was moved."""
    try:
        await stores.ownership.wait_until_known()
        if stores.ownership.owns(LEADER):
            await maintenance.adopt_moved_tables(stores.tables, stores.database, clock.now())
    except (DeltaError, NotFound, OSError, Unavailable) as error:
        log.warning("the catalogue may still name the home of before: %s", error)
    while True:
        await clock.sleep(interval.total_seconds())
        try:
            await maintenance.compact_tables(stores, kept)
        except (DeltaError, OSError, Unavailable) as error:
            log.warning("tables were not compacted this time: %s", error)


async def run_merges(stores: Stores, clock: Clock, interval: timedelta) -> None:
    """Merge the files of tables with many commits each `interval`, until cancelled."""
    files = maintenance.SmallFiles(stores)
    await stores.ownership.wait_until_known()
    while True:
        try:
            await files.merge_once()
        except (DeltaError, OSError, Unavailable) as error:
            log.warning("small files were not merged this time: %s", error)
        await clock.sleep(interval.total_seconds())


async def run_derivation(derived: DerivedTables[Any, Any], clock: Clock) -> None:
    """Bring derived tables on as their sources get rows, until cancelled."""
    await _load(derived, clock)
    async with asyncio.TaskGroup() as running:
        while True:
            await derived.wakeups.wait()
            if derived.wakeups.is_stale.is_set():
                await _load(derived, clock)
            for source in derived.take_due():
                running.create_task(_derive(derived, source), name=f"derive from {source.name}")


async def _load(derived: DerivedTables[Any, Any], clock: Clock) -> None:
    while True:
        try:
            derived.wakeups.is_stale.clear()
            await derived.load()
        except Unavailable as error:
            log.warning("derived tables wait: %s", error)
            await clock.sleep(REMOVAL_INTERVAL_S)
        else:
            return


async def _derive(derived: DerivedTables[Any, Any], source: TableKey) -> None:
    try:
        await derived.derive(source)
    except Unavailable as error:
        log.warning("what is derived from %s waits: %s", source.name, error)
        derived.failed(source)


async def run_removal(stores: Stores, clock: Clock) -> None:
    """Remove the tables of services that were deleted with them, until cancelled."""
    removal = TableRemoval(stores)
    while True:
        try:
            await removal.run_once()
        except (DeltaError, OSError, Unavailable) as error:
            log.warning("tables of a deleted service were not removed this time: %s", error)
        await clock.sleep(REMOVAL_INTERVAL_S)


async def run_accounting(accounting: LogAccounting, ownership: Ownership, clock: Clock) -> None:
    """Settle what became of requests, and show what is missing, until cancelled."""
    while True:
        await clock.sleep(ACCOUNTING_INTERVAL_S)
        try:
            await accounting.settle(clock.now(), ownership.owns)
        except (DeltaError, OSError, Unavailable) as error:
            log.warning("the request log was not accounted for this time: %s", error)


async def run_erasures(erasures: Erasures, clock: Clock) -> None:
    """Carry out erasures, until cancelled."""
    while True:
        try:
            await erasures.run_once()
        except (PenstockError, DeltaError, OSError) as error:
            log.info("erasures wait: %s", error)
        await clock.sleep(ERASURE_INTERVAL_S)


async def run_purge(bus: Bus, stores: Stores, clock: Clock, kept: timedelta) -> None:
    """Purge `REQUESTS` up to what is committed and older than `kept`, until cancelled."""
    await bus.connected()
    while True:
        try:
            if stores.ownership.owns(LEADER):
                await purge_once(stores.database, bus.js, clock.now(), kept)
        except (nats.errors.Error, JetStreamError, Unavailable, TimeoutError) as error:
            log.warning("nothing purged this time: %s", describe_error(error))
        await clock.sleep(PURGE_INTERVAL_S)
