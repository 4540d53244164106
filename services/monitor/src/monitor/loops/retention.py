"""The loop of retention: what is too old is deleted every five minutes."""

from __future__ import annotations

import logging
from datetime import timedelta

from monitor.domain.log_shares import excess
from monitor.settings import MonitorSettings
from monitor.store.alerts.alerts import delete_resolved
from monitor.store.alerts.deliveries import delete_repeats
from monitor.store.event_list import delete_events
from monitor.store.log_lines import delete_lines, delete_oldest, sizes_of_services
from monitor.store.metrics.samples import delete_counted_samples
from monitor.store.rules.windows import delete_windows
from shared.clock import Clock
from shared.database import Database
from shared.errors import Unavailable

log = logging.getLogger(__name__)

INTERVAL_S = 300.0
SAMPLES_KEPT = timedelta(hours=2)
"""Longer than `METRICS` keeps a sample (1 h): no repeat can come after that."""

REPEATS_KEPT = timedelta(days=1)
"""An alert that stays open is told again and again, to an Alertmanager every minute."""


async def run_retention(database: Database, clock: Clock, settings: MonitorSettings) -> None:
    """Apply the retention until cancelled."""
    while True:
        await clock.sleep(INTERVAL_S)
        try:
            await delete_expired(database, clock, settings)
        except Unavailable as error:
            log.warning("nothing deleted this time: %s", error)


async def delete_expired(database: Database, clock: Clock, settings: MonitorSettings) -> None:
    """Delete what is too old now."""
    now = clock.now()
    async with database.unit_of_work() as session:
        await delete_lines(session, now - settings.logs_kept)
        await delete_events(session, now - settings.events_kept)
        await delete_repeats(session, now - REPEATS_KEPT)
        await delete_resolved(session, now - settings.alerts_kept)
        await delete_windows(session, now - settings.windows_kept)
        await delete_counted_samples(session, now - SAMPLES_KEPT)
    await shrink_logs(database, settings.logs_max_bytes)


async def shrink_logs(database: Database, limit: int) -> None:
    """Delete the oldest lines of those services that print most, where all together take more than `limit`."""
    async with database.read() as session:
        wanted = excess(await sizes_of_services(session), limit)
    for service, size in wanted.items():
        left = size
        while left > 0:
            async with database.unit_of_work() as session:
                gone = await delete_oldest(session, service, left)
            left = left - gone if gone else 0
        log.info("logs take more than %d bytes: the oldest lines of %s were deleted", limit, service)
