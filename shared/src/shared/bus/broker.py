"""FastStream on our own connection: events by durable pull consumers, request/reply by queue groups.

The connection is ours (`connection.py`), because FastStream 0.7.8 re-raises authorisation errors inside nats-py's
reconnect loop, which ends it for good, and because its `stop` raises while the server is away. Streams and durables are
`bootstrap`'s, so everything here is `declare=False`. Messages are handed over raw: see `consumer.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Any, cast

import nats.errors
from faststream import AckPolicy
from faststream.exceptions import SkipMessage
from faststream.nats import JStream, NatsBroker, NatsMessage, NatsResponse, PullSub
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.errors import Error as JetStreamError

from shared.bus import rpc
from shared.bus.connection import inbox_prefix
from shared.bus.topology import Durable
from shared.cancellation import heeding_cancellation
from shared.clock import Clock
from shared.contracts.rpc.method import Method

log = logging.getLogger("penstock.bus.broker")

FETCH_S = 2.0
"""How long one pull waits. A pull that a server restart swallowed costs no more than this."""
CONCURRENT_ANSWERS = 16


class _AdoptingBroker(NatsBroker):
    """A broker on a connection that somebody else made and will close."""

    def __init__(self, nc: Client, **options: Any) -> None:
        super().__init__(**options)
        self._adopted = nc

    async def _connect(self) -> Client:
        self.config.connect(self._adopted)
        return self._adopted


class PatientPull:
    """A pull subscription that neither spins nor hides.

    FastStream asks again at once, without a word, when stream or durable are gone: 3,400 requests a second. Here each
    failure costs half a second and one log line, and the time of the last turn is there for the watchdog.
    """

    def __init__(self, inner: JetStreamContext.PullSubscription, durable: Durable, clock: Clock) -> None:
        self.durable = durable
        self.last_turn = clock.monotonic()
        self._inner = inner
        self._clock = clock
        self._failing = False

    async def fetch(self, batch: int = 1, timeout: float | None = FETCH_S) -> list[Msg]:
        """One pull; empty when there was nothing, or when it could not be asked for."""
        self.last_turn = self._clock.monotonic()
        try:
            with heeding_cancellation():
                messages = await self._inner.fetch(batch, timeout=timeout)
        except (nats.errors.TimeoutError, TimeoutError):
            self._failing = False
            return []
        except (nats.errors.Error, JetStreamError, OSError) as error:
            if not self._failing:
                log.warning("%s cannot be read: %s; trying on", self.durable.name, str(error) or type(error).__name__)
            self._failing = True
            await self._clock.sleep(0.5)
            return []
        self._failing = False
        return messages

    async def unsubscribe(self) -> None:
        """Stop."""
        await self._inner.unsubscribe()


class Doors:
    """What this process hears on the bus: subscribers of events, responders to requests."""

    def __init__(self, service: str, nc: Client, clock: Clock) -> None:
        self._service = service
        self._nc = nc
        self._clock = clock
        self._durables: list[tuple[Durable, Any]] = []
        self.pulls: list[PatientPull] = []
        self._broker = _AdoptingBroker(
            nc,
            logger=logging.getLogger("penstock.bus.faststream"),
            log_level=logging.DEBUG,
            apply_types=False,
            graceful_timeout=3.0,
        )

    def consume(self, durable: Durable, on_message: Callable[[Msg], Awaitable[None]]) -> None:
        """Hand every message of `durable` to `on_message`, one at a time: the order of facts is kept."""
        subscriber = self._broker.subscriber(
            durable=durable.name,
            config=durable.config(),
            stream=JStream(durable.stream, declare=False),
            pull_sub=PullSub(batch_size=1, timeout=FETCH_S),
            ack_policy=AckPolicy.MANUAL,
            inbox_prefix=f"{inbox_prefix(self._service)}.".encode(),
            decoder=_undecoded,
        )

        async def handle(message: Msg) -> None:
            await on_message(message)

        subscriber(handle)
        self._durables.append((durable, subscriber))

    def answer(self, method: Method, handler: rpc.Answer) -> None:
        """Answer `method`; processes of one service share the questions among them."""
        subscriber = self._broker.subscriber(
            method.subject, queue=method.service, max_workers=CONCURRENT_ANSWERS, decoder=_undecoded
        )

        async def handle(message: Msg) -> NatsResponse:
            if not rpc.is_from_service(message.reply):
                log.warning("%s: a request that came from no service was refused", method.subject)
                raise SkipMessage
            body, headers = await rpc.answer(
                method, handler, message.data, message.headers or {}, largest=self._nc.max_payload - 1024
            )
            return NatsResponse(body, headers=headers)

        subscriber(handle)

    async def open(self) -> None:
        """Subscribe. Raises what NATS raises; then `close` and make another."""
        await self._broker.start()
        for durable, subscriber in self._durables:
            pull = PatientPull(subscriber.subscription, durable, self._clock)
            # The loop looks the attribute up for each pull; there is no other way in (no factory for subscriptions).
            subscriber.subscription = cast(Any, pull)
            self.pulls.append(pull)

    async def close(self) -> None:
        """Let the handlers that run come to an end, at most three seconds; never raises. The connection stays open."""
        with contextlib.suppress(Exception):
            async with asyncio.timeout(3.5):
                await asyncio.gather(*(sub.stop() for sub in self._broker.subscribers), return_exceptions=True)
        for subscriber in self._broker.subscribers:
            # `stop` leaves these open when it fails on the way, as it does on a closed connection.
            for queue in ("send_stream", "receive_stream"):
                if hasattr(subscriber, queue):
                    getattr(subscriber, queue).close()


async def _undecoded(message: NatsMessage) -> Msg:
    """The raw message: FastStream neither parses nor validates it."""
    return message.raw_message
