"""One service's part on the bus: connection, consumers, answers, relay, watchdog; started and ended as one.

FastStream carries events and request/reply over one connection; its ack policy is MANUAL and its bodies stay bytes, so
that `consumer` and `rpc` alone decide what becomes of a message. High-volume streams are pulled with plain nats-py on
the same connection (`bulk`).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

import nats.errors
from faststream import AckPolicy
from faststream.nats import JStream, NatsBroker, NatsMessage, PullSub
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import PubAck

from shared.bus import rpc
from shared.bus.bootstrap import ensure
from shared.bus.dead_letters import fetch
from shared.bus.envelope import MSG_ID
from shared.bus.kv import Bucket
from shared.bus.topology import DURABLES, Durable, durable
from shared.bus.watchdog import BusLost, watch
from shared.clock import Clock
from shared.contracts.base import Contract
from shared.contracts.rpc import DeadLetterRef, Method, Nothing, replay_method
from shared.errors import Conflict, Unavailable
from shared.events import Event

if TYPE_CHECKING:
    from shared.bus.consumer import Consumer, Handler
    from shared.database import Database

log = logging.getLogger("penstock.bus")

Reply = TypeVar("Reply", bound=Contract)

STOP_LIMIT_S = 3.0
CONNECT_RETRY_S = 0.5


def inbox_prefix(service: str) -> str:
    """Where replies to `service` come in."""
    return f"_INBOX.penstock.{service}"


async def _as_it_came(message: NatsMessage) -> NatsMessage:
    return message


class Bus:
    """Declare with `consume` and `answer`, then `run`; the rest says `Unavailable` until there is a connection."""

    def __init__(self, service: str, nats_url: str, *, clock: Clock, database: Database | None = None) -> None:
        self.service = service
        self.clock = clock
        self.database = database
        self._consumers: dict[str, Consumer] = {}
        self._answers: dict[Method, rpc.Answerer] = {}
        self._connected = asyncio.Event()
        self._lost: asyncio.Future[None] | None = None
        self._connection: Client | None = None
        self._js: JetStreamContext | None = None
        self.max_deliveries_seen = 0
        self._broker = NatsBroker(
            nats_url,
            name=f"penstock-{service}",
            # Longer than the inboxes that a read-only user may listen to, so that it cannot read answers to services.
            inbox_prefix=inbox_prefix(service),
            apply_types=False,
            logger=None,
            ack_policy=AckPolicy.MANUAL,
            decoder=_as_it_came,
            graceful_timeout=STOP_LIMIT_S,
            max_reconnect_attempts=-1,
            reconnect_time_wait=1,
            connect_timeout=2,
            ping_interval=5,
            max_outstanding_pings=2,
            closed_cb=self._closed,
            error_cb=self._error,
        )

    # ── declared before `run` ────────────────────────────────────────────────────────────────────────────────────

    def consume(self, name: str, handlers: Mapping[type[Any], Handler]) -> None:
        """Act on the facts of the durable `name`; each handler gets the event and the session of its transaction."""
        from shared.bus.consumer import Consumer  # noqa: PLC0415 - a router has no database and need not load one

        assert self.database is not None, "consuming facts needs a database for the inbox"
        consumer = Consumer(durable(name), handlers, self.database, self.clock)
        self._consumers[name] = consumer
        subscriber = self._broker.subscriber(
            config=consumer.durable.config(),
            stream=JStream(consumer.durable.stream, declare=False),
            durable=name,
            pull_sub=PullSub(batch_size=1, timeout=5.0),
            ack_policy=AckPolicy.MANUAL,
            inbox_prefix=f"{inbox_prefix(self.service)}.".encode(),
            no_reply=True,
        )

        async def take(message: NatsMessage) -> None:
            with suppress(nats.errors.Error):  # not acked: it comes again
                await consumer.take(message.raw_message, self.js)

        subscriber(take)

    def answer(self, method: Method, handler: rpc.Answerer) -> None:
        """Answer a question; several processes of one service share the work."""
        assert method.service == self.service, f"{method.subject} is not {self.service}'s to answer"
        self._answers[method] = handler

        async def respond(message: NatsMessage) -> bytes:
            raw = message.raw_message
            return await rpc.answer(method, handler, raw.headers or {}, raw.data)

        self._broker.subscriber(method.subject, queue=self.service)(respond)

    @property
    def consumed(self) -> dict[str, frozenset[type[Event]]]:
        """What is declared: durable → the events that have a handler (for contract tests)."""
        return {name: frozenset(consumer.handlers) for name, consumer in self._consumers.items()}

    @property
    def answered(self) -> frozenset[Method]:
        """The questions that are answered (for contract tests)."""
        return frozenset(self._answers)

    # ── while it runs ────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def nc(self) -> Client:
        """The connection; raises `Unavailable` before there was one."""
        if self._connection is None:
            raise Unavailable("the message bus is away; try again", retry_after_s=1)
        return self._connection

    @property
    def js(self) -> JetStreamContext:
        """JetStream on the connection; raises `Unavailable` before there was one."""
        if self._js is None:
            raise Unavailable("the message bus is away; try again", retry_after_s=1)
        return self._js

    @property
    def is_connected(self) -> bool:
        """Whether the server is reachable now."""
        return self._connection is not None and self._connection.is_connected

    async def connected(self) -> None:
        """Wait for the first connection and the topology."""
        await self._connected.wait()

    async def call(self, method: Method, question: Contract, *, timeout: float = 2.0) -> Contract:
        """Ask another service; raises what it raised, `Unavailable` when nobody answers."""
        return await rpc.call(self.nc, method, question, timeout)

    def kv(self, bucket: str) -> Bucket:
        """A bucket of last values."""
        return Bucket(self.js, bucket)

    async def publish_bulk(
        self, subject: str, payload: bytes, *, msg_id: str, stream: str, headers: Mapping[str, str] | None = None
    ) -> PubAck:
        """Publish to a high-volume stream; a repeat with the same `msg_id` within two minutes is stored once."""
        return await self.js.publish(
            subject, payload, timeout=5, stream=stream, headers={**(headers or {}), MSG_ID: msg_id}
        )

    async def replay_dead_letter(self, letter_id: int) -> None:
        """Have the consumer that gave up on a dead letter try it again; raises what its handler raises."""
        letter = await fetch(self.js, letter_id)
        owner = {known.name: known.service for known in DURABLES}.get(letter.consumer)
        if owner is None:
            raise Conflict(f"dead letter {letter_id} came from {letter.consumer}, which cannot replay it")
        await self.call(replay_method(owner), DeadLetterRef(id=letter_id), timeout=10)

    # ── life ─────────────────────────────────────────────────────────────────────────────────────────────────────

    async def run(self) -> None:
        """Connect (for as long as it takes), make the topology, work until cancelled.

        Raises `BusLost` when the connection is beyond repair. Ends within `STOP_LIMIT_S` of the cancellation, with the
        server away too.
        """
        self._lost = asyncio.get_running_loop().create_future()
        if self._consumers:
            self.answer(replay_method(self.service), self._replay)
        try:
            await self._connect()
            async with asyncio.TaskGroup() as group:
                for name, work in self._loops().items():
                    group.create_task(work, name=f"bus {name}")
        finally:
            await self._stop()

    def _loops(self) -> dict[str, Any]:
        loops: dict[str, Any] = {
            "watchdog": watch(self.nc, self.js, self._durables(), self.clock),
            "loss": self._until_lost(),
        }
        if self.database is not None:
            from shared.bus.outbox import Relay  # noqa: PLC0415 - as above

            relay = Relay(self.service, self.database, self.js, self.clock)
            loops |= {"relay": relay.run(), "tidy": relay.tidy()}
        return loops

    def _durables(self) -> tuple[Durable, ...]:
        return tuple(known for known in DURABLES if known.service == self.service)

    async def _connect(self) -> None:
        waiting = False
        while True:
            try:
                self._connection = await self._broker.connect()
                self._js = self._connection.jetstream(timeout=5)
                await ensure(self._js, self._durables())
                break
            except Exception as error:  # noqa: BLE001 - whatever it is, the bus is not there yet
                if not waiting:
                    log.warning("waiting for NATS: %s", error or type(error).__name__)
                    waiting = True
                await asyncio.sleep(CONNECT_RETRY_S)
        await self._broker.start()
        await self._listen_for_exhausted()
        self._connected.set()
        log.info("on the bus")

    async def _listen_for_exhausted(self) -> None:
        # Past max_deliver a message stops silently; this advisory is the only word of it. The helper gives up on the
        # last delivery itself, so one that is seen here was never finished by any process (a crash at the last try).
        async def seen(message: Msg) -> None:
            self.max_deliveries_seen += 1
            log.error("a message has used up its deliveries: %s", message.data.decode(errors="replace"))

        for known in self._durables():
            subject = f"$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.{known.stream}.{known.name}"
            await self.nc.subscribe(subject, queue=self.service, cb=seen)

    async def _replay(self, ref: DeadLetterRef) -> Nothing:
        letter = await fetch(self.js, ref.id)
        consumer = self._consumers.get(letter.consumer)
        if consumer is None:
            raise Conflict(f"dead letter {ref.id} came from {letter.consumer}, which {self.service} does not run")
        await consumer.apply(letter.headers, letter.body)
        return Nothing()

    async def _until_lost(self) -> None:
        assert self._lost is not None
        await self._lost

    async def _closed(self) -> None:
        if self._lost is not None and not self._lost.done():
            self._lost.set_exception(BusLost("the connection to NATS is closed for good"))

    async def _error(self, error: Exception) -> None:
        log.warning("nats: %s", error or type(error).__name__)

    async def _stop(self) -> None:
        """Leave the bus; with the server away, `stop` raises or hangs, so it is bounded and its errors are dropped."""
        if self._lost is not None and not self._lost.done():
            self._lost.cancel()
        stopping = asyncio.ensure_future(self._broker.stop())
        done, _ = await asyncio.wait({stopping}, timeout=STOP_LIMIT_S)
        if not done:
            stopping.cancel()
            await asyncio.wait({stopping}, timeout=0.5)
        elif stopping.exception() is not None:
            log.info("left the bus while it was away: %s", stopping.exception())
        if self._connection is not None and not self._connection.is_closed:
            closing = asyncio.ensure_future(self._connection.close())
            await asyncio.wait({closing}, timeout=1.0)
