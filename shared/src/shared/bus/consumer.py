"""What becomes of an event that comes in: one place decides ack, delayed nak and dead letter, for every service.

Measured with FastStream 0.7.8: its default policy `term`s a message whose handler raised (it is lost), an unqualified
nak brings it back 1,700 times a second, and under the manual policy a body that does not validate never reaches the
handler. So FastStream hands over the raw message (`broker.py`), and everything else, validation too, happens here.
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

from shared.bus import dead_letters
from shared.bus.envelope import Received, caused_by, receive
from shared.bus.metrics import BusMetrics
from shared.bus.outbox import is_new
from shared.bus.topology import Durable
from shared.clock import Clock
from shared.database import Database
from shared.errors import PenstockError, Permanent, Temporary
from shared.events import Event
from shared.telemetry import span_from_headers

log = logging.getLogger("penstock.bus.consumer")

Handler = Callable[[Any, AsyncSession], Awaitable[None]]
FIRST_DELAY_S, LONGEST_DELAY_S = 0.25, 30.0
HANDLER_LIMIT_S = 24.0
"""A handler that takes longer hangs; it is cancelled, its transaction rolled back, and tried again."""


class Verdict(Enum):
    """What is done with a message."""

    ACK = "ack"
    RETRY = "retry"
    DEAD = "dead"


SETTLEMENT: Mapping[type[PenstockError], Verdict] = {Permanent: Verdict.DEAD, Temporary: Verdict.RETRY}
"""Every error that a handler raises is in one of these branches; a test walks the tree."""


def verdict_of(error: Exception | None, delivered: int, durable: Durable) -> Verdict:
    """What to do after `delivered` deliveries.

    A temporary error is worth `max_deliver` tries (a database may be away for minutes); one that is not in the tree is
    most likely a bug, which fails the same way each time: it gets `attempts`.
    """
    if error is None:
        return Verdict.ACK
    known = next((SETTLEMENT[kind] for kind in type(error).__mro__ if kind in SETTLEMENT), None)
    if known is Verdict.DEAD:
        return Verdict.DEAD
    limit = durable.attempts if known is None else durable.max_deliver
    return Verdict.RETRY if delivered < limit else Verdict.DEAD


def retry_delay_s(delivered: int) -> float:
    """Seconds until the next try: doubles from a quarter of a second up to half a minute."""
    return float(min(LONGEST_DELAY_S, FIRST_DELAY_S * 2 ** (delivered - 1)))


@asynccontextmanager
async def _held(message: Msg, every: timedelta) -> AsyncIterator[None]:
    """Within the block the server is told, again and again, that the message is being worked on."""

    async def hold() -> None:
        while True:
            await asyncio.sleep(every.total_seconds())
            with contextlib.suppress(Exception):
                await message.in_progress()

    holding = asyncio.create_task(hold(), name="hold")
    try:
        yield
    finally:
        holding.cancel()


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
        error = await self._handled(message)
        delivered = message.metadata.num_delivered
        verdict = verdict_of(error, delivered, self.durable)
        try:
            await self._settle(message, verdict, error, delivered)
        except Exception as failure:  # noqa: BLE001 - whatever it was, the message is still the server's
            log.warning("%s: not settled, it will come again: %s", self.durable.name, failure or type(failure).__name__)
        else:
            self._metrics.settled.labels(self.durable.name, verdict.value).inc()

    async def _handled(self, message: Msg) -> Exception | None:
        try:
            async with asyncio.timeout(HANDLER_LIMIT_S), _held(message, self.durable.ack_wait / 3):
                await self.apply(message.headers, message.data)
        except Exception as error:  # noqa: BLE001 - every error has a verdict, foreign ones too
            return error
        return None

    async def apply(self, headers: Mapping[str, str] | None, body: bytes) -> None:
        """Act on one event, once. Raises `InvalidInput` for what is none, and whatever its handler raises."""
        received = receive(headers, body)
        handler = self._handlers.get(type(received.event)) if received.event else None
        if handler is None:
            return  # a fact that this service has no use for, or one newer than this code
        with span_from_headers(received.headers, f"{self.durable.name} {received.type}") as span, caused_by(received):
            try:
                async with self._database.unit_of_work() as session:
                    if await is_new(session, self.durable.name, received.id, self._clock.now()):
                        await handler(received.event, session)
            except Exception as error:
                span.set_status(Status(StatusCode.ERROR, type(error).__name__))
                self._log(error, received)
                raise

    def _log(self, error: Exception, received: Received) -> None:
        known = isinstance(error, PenstockError)
        log.warning(
            "%s: %s %s failed: %s",
            self.durable.name,
            received.type,
            received.id,
            error,
            exc_info=None if known else error,
        )

    async def _settle(self, message: Msg, verdict: Verdict, error: Exception | None, delivered: int) -> None:
        if verdict is Verdict.ACK:
            await message.ack()
        elif verdict is Verdict.RETRY:
            await message.nak(delay=retry_delay_s(delivered))
        else:
            await self._bury(message, error, delivered)

    async def _bury(self, message: Msg, error: Exception | None, delivered: int) -> None:
        reason = f"{type(error).__name__}: {error} (delivery {delivered})"
        log.error("%s: dead letter: %s", self.durable.name, reason)
        try:
            await dead_letters.bury(self._js, self.durable.name, message, reason)
        except Exception:
            # Not terminated before it is safe elsewhere.
            await message.nak(delay=retry_delay_s(delivered))
            raise
        await message.term()
