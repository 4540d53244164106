"""Publishes the spool: what the shipper process does."""

from __future__ import annotations

import asyncio
import logging
import math
from datetime import UTC, datetime
from uuid import UUID

from router.clients import ReconnectingBus, publish
from router.settings import RouterSettings
from router.shipper.throttle import BacklogThrottle
from router.spool import SpoolBatch, SpoolReader
from shared.clock import Clock
from shared.errors import Unavailable
from shared.events.request import REQUESTS_SUBJECT, RETRY_HEADER, RequestLogged

logger = logging.getLogger(__name__)

FEW_MESSAGES = 50
"""A message costs as much as a hundred records: where more services than this have some, they gather for longer."""
MAX_LINGER_S = 1.0
THROTTLED_PAUSE_S = 0.5
THROTTLED_MESSAGES = 4
"""Messages of one turn while throttled: enough for an even load, not for a burst."""
UNTHROTTLED_MESSAGES = 32
"""Messages of one turn otherwise: after them the throttle is asked again."""


class SpoolPublisher:
    """Moves the spool to the bus, message by message; frees what the stream has stored."""

    def __init__(self, settings: RouterSettings, spool: SpoolReader, holder: ReconnectingBus, clock: Clock) -> None:
        self._settings = settings
        self._spool = spool
        self._holder = holder
        self._clock = clock
        self._publishing: set[asyncio.Task[None]] = set()
        self._pause_until = 0.0
        self._throttle = BacklogThrottle(settings.spool_max_bytes)

    async def run(self) -> None:
        """Publish until cancelled."""
        linger_s = self._settings.spool_linger.total_seconds()
        try:
            while True:
                self._spool.scan()
                messages = self._spool.waiting_messages
                if self._throttle.should_wait(self._spool.size, self._clock.monotonic()):
                    await self._publish_waiting(THROTTLED_MESSAGES)
                    await self._clock.sleep(THROTTLED_PAUSE_S)
                elif await self._publish_waiting(UNTHROTTLED_MESSAGES):
                    if not self._spool.has_work:
                        self._throttle.caught_up()
                    await self._clock.sleep(min(MAX_LINGER_S, linger_s * max(1.0, messages / FEW_MESSAGES)))
        finally:
            for task in self._publishing:
                task.cancel()
            await asyncio.gather(*self._publishing, return_exceptions=True)

    async def flush(self, timeout_s: float) -> None:
        """Wait until all is published, or the time is over: the rest stays on disk."""
        until = self._clock.monotonic() + timeout_s
        self._spool.scan()
        while self._has_unpublished() and self._clock.monotonic() < until:
            await self._publish_waiting()
            await self._clock.sleep(0.02)

    async def _publish_waiting(self, at_most: float = math.inf) -> bool:
        """Start one message of each service that has records; more where messages come out full.

        False: it stopped at so many, and there may be more.
        """
        left = self._spool.waiting_messages
        while left > 0 and self._holder.is_connected and self._clock.monotonic() >= self._pause_until:
            if at_most <= 0:
                return False
            if len(self._publishing) >= self._settings.publish_window:
                await asyncio.wait(self._publishing, return_when=asyncio.FIRST_COMPLETED)
                continue
            batch = self._spool.next_batch(self._settings.publish_batch_records, self._settings.publish_batch_bytes)
            if batch is None:
                return True
            task = asyncio.create_task(self._publish(batch), name=f"publish {batch.message_id}")
            self._publishing.add(task)
            task.add_done_callback(self._publishing.discard)
            left -= batch.records < self._settings.publish_batch_records
            at_most -= 1
            await asyncio.sleep(0)  # cutting a batch takes about a millisecond: answers of the bus come in between
        return True

    async def _publish(self, batch: SpoolBatch) -> None:
        headers = _headers(batch, is_marked=self._spool.needs_retry_mark(batch))
        try:
            await publish(
                self._holder,
                f"{REQUESTS_SUBJECT}.{batch.service}",
                batch.payload,
                message_id=batch.message_id,
                stream="REQUESTS",
                headers=headers,
            )
        except Unavailable as error:
            if self._clock.monotonic() >= self._pause_until:
                logger.warning("the request log waits in the spool: %s", error.message)
            self._pause_until = self._clock.monotonic() + 1.0
            self._spool.requeue(batch)
        else:
            self._spool.acknowledge(batch)

    def is_caught_up(self) -> bool:
        """Look whether the bus has every record that is in the spool now."""
        self._spool.scan()
        return not self._has_unpublished()

    def _has_unpublished(self) -> bool:
        return self._spool.has_work or bool(self._publishing)


def _headers(batch: SpoolBatch, *, is_marked: bool) -> dict[str, str]:
    headers = message_headers(batch.message_id, batch.service, _time_of(UUID(batch.message_id)))
    return {**headers, RETRY_HEADER: "1"} if is_marked else headers


def message_headers(message_id: str, service: str, at: datetime) -> dict[str, str]:
    """Those of a CloudEvent."""
    return {
        "ce-specversion": "1.0",
        "ce-id": message_id,
        "ce-source": "penstock/router",
        "ce-type": RequestLogged.event_type(),
        "ce-time": at.isoformat(),
        "ce-subject": service,
        "ce-correlationid": message_id,
        "ce-causationid": message_id,
        "content-type": "application/json",
    }


def _time_of(uuid7: UUID) -> datetime:
    """When a UUIDv7 was made: the same header in every replay."""
    return datetime.fromtimestamp((uuid7.int >> 80) / 1000, UTC)
