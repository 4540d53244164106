"""Settles every event that a service consumes: ack, delayed nak or dead letter.

Measured with FastStream 0.7.8: its default policy `term`s a message whose handler raised (it is lost), an unqualified
nak brings it back 1,700 times a second, and under the manual policy a body that does not validate never reaches the
handler. So FastStream hands over the raw message (`subscriptions.py`); validation and everything else happens here.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from enum import Enum
from typing import Any

from nats.aio.msg import Msg
from nats.js import JetStreamContext
from opentelemetry.trace import Status, StatusCode
from sqlalchemy.ext.asyncio import AsyncSession

from shared.bus.consumers import dead_letters
from shared.bus.envelope import ReceivedEvent, caused_by, parse_event
from shared.bus.metrics import BusMetrics
from shared.bus.outbox import add_to_inbox
from shared.bus.topology import Durable
from shared.clock import Clock
from shared.database import Database
from shared.errors import PenstockError, Permanent, Temporary, describe_error
from shared.events import Event
from shared.telemetry import span_from_headers

log = logging.getLogger("penstock.bus.consumer")

Handler = Callable[[Any, AsyncSession], Awaitable[None]]
MIN_RETRY_DELAY_S, MAX_RETRY_DELAY_S = 0.25, 30.0
HANDLER_TIMEOUT_S = 24.0
"""A handler that takes longer hangs; it is cancelled, its transaction rolled back, and tried again."""


class MessageVerdict(Enum):
    """What is done with a message."""

    ACK = "ack"
    RETRY = "retry"
    DEAD = "dead"


SETTLEMENT: Mapping[type[PenstockError], MessageVerdict] = {
    Permanent: MessageVerdict.DEAD,
    Temporary: MessageVerdict.RETRY,
}
"""Every error that a handler raises is in one of these branches; a test walks the tree."""


def verdict_of(error: Exception | None, delivered: int, durable: Durable) -> MessageVerdict:
    """What to do after `delivered` deliveries.

    A temporary error is worth `max_deliver` tries (a database may be away for minutes); one that is not in the tree is
    most likely a bug, which fails the same way each time: it gets `attempts`.
    """
    if error is None:
        return MessageVerdict.ACK
    known = next((SETTLEMENT[kind] for kind in type(error).__mro__ if kind in SETTLEMENT), None)
    if known is MessageVerdict.DEAD:
        return MessageVerdict.DEAD
    limit = durable.attempts if known is None else durable.max_deliver
    return MessageVerdict.RETRY if delivered < limit else MessageVerdict.DEAD


def retry_delay_s(delivered: int) -> float:
    """Seconds until the next try: doubles from a quarter of a second up to half a minute."""
    return float(min(MAX_RETRY_DELAY_S, MIN_RETRY_DELAY_S * 2 ** (delivered - 1)))


@asynccontextmanager
async def _keep_in_progress(message: Msg, every: timedelta) -> AsyncIterator[None]:
    """Within the block `in_progress` is sent every `every`, which restarts the message's `ack_wait`."""

    async def extend() -> None:
        while True:
            await asyncio.sleep(every.total_seconds())
            with contextlib.suppress(Exception):
                await message.in_progress()

    extending = asyncio.create_task(extend(), name="extend ack_wait")
    try:
        yield
    finally:
        extending.cancel()


class EventConsumer:
    """One durable's handlers. Effect and inbox row are one transaction; a repeat has no second effect."""

    def __init__(
        self,
        durable: Durable,
        handlers: Mapping[type[Event], Handler],
        *,
        database: Database,
        js: JetStreamContext,
        clock: Clock,
        metrics: BusMetrics,
    ) -> None:
        self.durable = durable
        self._handlers = dict(handlers)
        self._database = database
        self._js = js
        self._clock = clock
        self._metrics = metrics

    async def on_message(self, message: Msg) -> None:
        """Act on one message and settle it. Never raises: what cannot be settled comes again after `ack_wait`."""
        error = await self._try_apply(message)
        delivered = message.metadata.num_delivered
        verdict = verdict_of(error, delivered, self.durable)
        try:
            await self._settle(message, verdict, error, delivered)
        except Exception as failure:  # noqa: BLE001 - whatever it was, the message is still the server's
            log.warning("%s: not settled, it will come again: %s", self.durable.name, describe_error(failure))
        else:
            self._metrics.settled.labels(self.durable.name, verdict.value).inc()

    async def _try_apply(self, message: Msg) -> Exception | None:
        try:
            async with asyncio.timeout(HANDLER_TIMEOUT_S), _keep_in_progress(message, self.durable.ack_wait / 3):
                await self.apply(message.headers, message.data)
        except Exception as error:  # noqa: BLE001 - every error has a verdict, foreign ones too
            return error
        return None

    async def apply(self, headers: Mapping[str, str] | None, body: bytes) -> None:
        """Act on one event, once. Raises `InvalidInput` for what is none, and whatever its handler raises."""
        received = parse_event(headers, body)
        handler = self._handlers.get(type(received.event)) if received.event else None
        if handler is None:
            return  # a fact that this service has no use for, or one newer than this code
        with span_from_headers(received.headers, f"{self.durable.name} {received.type}") as span, caused_by(received):
            try:
                async with self._database.unit_of_work() as session:
                    if await add_to_inbox(session, self.durable.name, received.id, self._clock.now()):
                        await handler(received.event, session)
            except Exception as error:
                span.set_status(Status(StatusCode.ERROR, type(error).__name__))
                self._log(error, received)
                raise

    def _log(self, error: Exception, received: ReceivedEvent) -> None:
        known = isinstance(error, PenstockError)
        log.warning(
            "%s: %s %s failed: %s",
            self.durable.name,
            received.type,
            received.id,
            error,
            exc_info=None if known else error,
        )

    async def _settle(self, message: Msg, verdict: MessageVerdict, error: Exception | None, delivered: int) -> None:
        if verdict is MessageVerdict.ACK:
            await message.ack()
        elif verdict is MessageVerdict.RETRY:
            await message.nak(delay=retry_delay_s(delivered))
        else:
            await self._dead_letter(message, error, delivered)

    async def _dead_letter(self, message: Msg, error: Exception | None, delivered: int) -> None:
        reason = f"{type(error).__name__}: {error} (delivery {delivered})"
        log.error("%s: dead letter: %s", self.durable.name, reason)
        try:
            await dead_letters.dead_letter(self._js, self.durable.name, message, reason)
        except Exception:
            # Not terminated before it is safe elsewhere.
            await message.nak(delay=retry_delay_s(delivered))
            raise
        await message.term()
