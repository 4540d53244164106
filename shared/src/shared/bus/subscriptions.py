"""FastStream on our own connection: events by durable pull consumers, request/reply by queue groups.

The connection is ours (`connection/client.py`), because FastStream 0.7.8 re-raises authorisation errors inside
nats-py's reconnect loop, which ends it for good, and because its `stop` raises while the server is away. Streams and
durables are `bootstrap`'s, so everything here is `declare=False`. Messages are handed over raw: see `consumers/`.
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

from shared.bus import rpc
from shared.bus.connection.client import inbox_prefix
from shared.bus.nats_errors import NATS_ERRORS
from shared.bus.topology import Durable
from shared.cancellation import propagate_cancellation
from shared.clock import Clock
from shared.contracts.rpc.method import RpcMethod
from shared.errors import describe_error

log = logging.getLogger("penstock.bus.subscriptions")

FETCH_S = 2.0
"""How long one pull waits. A pull that a server restart swallowed costs no more than this."""
MAX_CONCURRENT_REQUESTS = 16


class _ExternalConnectionBroker(NatsBroker):
    """A broker on a connection that its caller opens and closes."""

    def __init__(self, nc: Client, **options: Any) -> None:
        super().__init__(**options)
        self._external_client = nc

    async def _connect(self) -> Client:
        self.config.connect(self._external_client)
        return self._external_client


class RetryingPull:
    """A pull subscription that backs off after a failure and logs it once.

    FastStream asks again at once, without a word, when stream or durable are gone: 3,400 requests a second. Here each
    failure is followed by half a second of waiting, the first is logged, and `last_fetch_at` is read by the watchdog.
    """

    def __init__(self, inner: JetStreamContext.PullSubscription, durable: Durable, clock: Clock) -> None:
        self.durable = durable
        self.last_fetch_at = clock.monotonic()
        self._inner = inner
        self._clock = clock
        self._failing = False

    async def fetch(self, batch: int = 1, timeout: float | None = FETCH_S) -> list[Msg]:
        """One pull; empty when there was nothing, or when it could not be asked for."""
        self.last_fetch_at = self._clock.monotonic()
        try:
            with propagate_cancellation():
                messages = await self._inner.fetch(batch, timeout=timeout)
        except (nats.errors.TimeoutError, TimeoutError):
            self._failing = False
            return []
        except NATS_ERRORS as error:
            if not self._failing:
                log.warning("%s cannot be read: %s; trying on", self.durable.name, describe_error(error))
            self._failing = True
            await self._clock.sleep(0.5)
            return []
        self._failing = False
        return messages

    async def unsubscribe(self) -> None:
        """Stop."""
        await self._inner.unsubscribe()


class Subscriptions:
    """The subscriptions of a process: durables whose events it consumes, RPC methods that it serves."""

    def __init__(self, service: str, nc: Client, clock: Clock) -> None:
        self._service = service
        self._nc = nc
        self._clock = clock
        self._durables: list[tuple[Durable, Any]] = []
        self.pulls: list[RetryingPull] = []
        self._broker = _ExternalConnectionBroker(
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
            decoder=_raw_message,
        )

        async def handle(message: Msg) -> None:
            await on_message(message)

        subscriber(handle)
        self._durables.append((durable, subscriber))

    def serve(self, method: RpcMethod, handler: rpc.RpcHandler) -> None:
        """Serve `method`; the processes of one service form a queue group."""
        subscriber = self._broker.subscriber(
            method.subject, queue=method.service, max_workers=MAX_CONCURRENT_REQUESTS, decoder=_raw_message
        )

        async def handle(message: Msg) -> NatsResponse:
            if not rpc.is_from_service(message.reply):
                log.warning("%s: refused a request whose reply subject is not a service's inbox", method.subject)
                raise SkipMessage
            body, headers = await rpc.handle_request(
                method, handler, message.data, message.headers or {}, largest=rpc.largest_reply(self._nc)
            )
            return NatsResponse(body, headers=headers)

        subscriber(handle)

    async def open(self) -> None:
        """Subscribe. Raises what NATS raises; then `close` and make another."""
        await self._broker.start()
        for durable, subscriber in self._durables:
            pull = RetryingPull(subscriber.subscription, durable, self._clock)
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


async def _raw_message(message: NatsMessage) -> Msg:
    """The raw message: FastStream neither parses nor validates it."""
    return message.raw_message
