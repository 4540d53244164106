"""`Bus`: one service's part of the bus, from the first connection to a clean stop with the server away."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any

from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.api import PubAck
from prometheus_client import CollectorRegistry

from shared.bus import bootstrap, bulk, rpc
from shared.bus.chunks import Chunks, ChunkStreams, hold_chunks, read_chunks
from shared.bus.connection.client import BusConnection
from shared.bus.connection.watchdog import BusLost, Watchdog
from shared.bus.consumers import advisories, dead_letters
from shared.bus.every_process import ask_each, serve_each
from shared.bus.kv import Bucket
from shared.bus.metrics import BusMetrics
from shared.bus.nats_errors import NATS_ERRORS
from shared.bus.sessions import BusSession
from shared.bus.status import StatusReporter, serve_status
from shared.bus.topology import DURABLES, EVENTS, STREAM_OWNER, durable, durables_of
from shared.clock import Clock
from shared.contracts.base import Contract
from shared.contracts.chunks import ChunkStream
from shared.contracts.rpc.method import DeadLetterRef, Nothing, RpcMethod, replay_method
from shared.contracts.terminals import terminal_subject
from shared.errors import Conflict, Unavailable, describe_error
from shared.events import Event

if TYPE_CHECKING:  # SQLAlchemy and FastStream are for services that consume or serve; a router does neither
    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.bus.consumers.consumer import EventConsumer
    from shared.bus.subscriptions import Subscriptions
    from shared.database import Database

log = logging.getLogger("penstock.bus")

STOP_WITHIN_S = 6.0
PATIENCE_S = 10.0
"""That nobody listens is known at once: the time is for one that is busy, or starved by the pods beside it."""


class Bus:
    """Declare with `consume` and `serve`, then `run`. `database` is needed to consume events and to publish them."""

    def __init__(
        self,
        service: str,
        nats_url: str,
        *,
        clock: Clock,
        database: Database | None = None,
        registry: CollectorRegistry | None = None,
        owns_streams: bool | None = None,
        stream_replicas: int = 1,
        status: StatusReporter | None = None,
    ) -> None:
        """`owns_streams`: create and update streams and buckets; by default as the topology says.

        `stream_replicas`: servers of the bus that keep each of them, where they are ours.

        `status`: what this process says of itself.
        """
        self.service = service
        self._owns_streams = service == STREAM_OWNER if owns_streams is None else owns_streams
        self._stream_replicas = stream_replicas
        self.metrics = BusMetrics(registry)
        self._clock = clock
        self._database = database
        self.status = status or StatusReporter(service, clock.now(), database=database)
        self._connection = BusConnection(service, nats_url, clock)
        self._durables = durables_of(service)
        self._handlers: dict[str, Mapping[type[Event], Any]] = {}
        self._rpc_handlers: dict[RpcMethod, rpc.RpcHandler] = {}
        self._each_handlers: dict[RpcMethod, rpc.RpcHandler] = {}
        self._consumers: dict[str, EventConsumer] = {}
        self._subscriptions: Subscriptions | None = None
        self._is_subscribed = False
        self._ready = asyncio.Event()
        self._chunk_streams = ChunkStreams(service)

    @property
    def consumed_events(self) -> dict[str, frozenset[type[Event]]]:
        """What is declared: durable → the events that have a handler (for contract tests)."""
        return {name: frozenset(handlers) for name, handlers in self._handlers.items()}

    @property
    def served_methods(self) -> frozenset[RpcMethod]:
        """The RPC methods that are served (for contract tests)."""
        return frozenset(self._rpc_handlers)

    @property
    def nc(self) -> Client:
        """The NATS client. Raises `Unavailable` before the first connection."""
        if not self._connection.was_open:
            raise Unavailable("the bus is away", retry_after_s=1)
        return self._connection.client

    @property
    def js(self) -> JetStreamContext:
        """JetStream on it. Raises `Unavailable` before the first connection."""
        return self.nc.jetstream()

    @property
    def is_connected(self) -> bool:
        """Whether the bus can be used now."""
        return self._ready.is_set() and self._connection.client.is_connected

    async def connected(self) -> None:
        """Wait until the bus could be used for the first time."""
        await self._ready.wait()

    def on_reconnect(self, call: Callable[[], None]) -> None:
        """Call after each connection but the first: core subscriptions may have missed something."""
        self._connection.on_reconnect.append(call)

    def consume(
        self, durable_name: str, handlers: Mapping[type[Event], Callable[[Any, AsyncSession], Awaitable[None]]]
    ) -> None:
        """Call the handler of each event that `durable_name` brings, inside a transaction that also marks it as done.

        In order, one at a time. A `Temporary` error: again after a growing delay; a `Permanent` one: dead letter.
        """
        wanted = durable(durable_name)
        assert (wanted.stream, wanted.service) == (EVENTS, self.service), f"{durable_name} is not {self.service}'s"
        assert self._database is not None, "consuming facts needs a database for the inbox"
        self._handlers[durable_name] = handlers

    def serve(self, method: RpcMethod, handler: Callable[[Any], Awaitable[Contract]]) -> None:
        """Serve `method`; a `PenstockError` of the handler is raised again in the caller."""
        assert method.service == self.service, f"{method.subject} is not {self.service}'s to serve"
        self._rpc_handlers[method] = handler

    def serve_each(self, method: RpcMethod, handler: Callable[[Any], Awaitable[Contract]]) -> None:
        """Serve `method` in every process of this service: whoever asks (`ask_each`) hears them all."""
        assert method.service == self.service, f"{method.subject} is not {self.service}'s to serve"
        self._each_handlers[method] = handler

    async def ask_each(self, method: RpcMethod, request: Contract, *, expected: int, within_s: float) -> list[Contract]:
        """What every process of another service says; waits for `expected` of them, no longer than `within_s`.

        Raises `Unavailable` while the bus is away.
        """
        try:
            return await ask_each(self.nc, [method], request, lambda told: len(told) >= expected, within_s=within_s)
        except NATS_ERRORS as error:
            raise Unavailable(f"the bus is away: {describe_error(error)}", retry_after_s=1) from error

    async def call(self, method: RpcMethod, request: Contract, *, timeout: float = PATIENCE_S) -> Any:
        """Call a method of another service. Raises the error that it raised; `Unavailable` when it is away or slow."""
        return await rpc.call(self.nc, method, request, timeout=timeout)

    async def offer_chunks(self, chunks: Chunks, on_gone: Callable[[], None] | None = None) -> ChunkStream:
        """Offer a large result piece by piece, see `chunks`; it is closed when whoever reads it stops.

        `on_gone` is called where the reader falls silent.
        """
        return await self._chunk_streams.offer(self.nc, chunks, on_gone)

    def read_chunks(self, stream: ChunkStream) -> AsyncGenerator[bytes, None]:
        """What another service offers. Raises what its maker raised; `Unavailable` when it is gone."""
        return read_chunks(self.nc, stream)

    def hold_chunks(self, stream: ChunkStream) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """As `read_chunks`; until the context ends whoever offers them is told that somebody works on them."""
        return hold_chunks(self.nc, stream)

    def session(self, other: str, name: str) -> BusSession:
        """This side of a session with the service `other`. Raises `Unavailable` before the first connection."""
        hears, tells = terminal_subject(self.service, name), terminal_subject(other, name)
        return BusSession(self.nc, hears=hears, tells=tells, other=f"the {other}")

    def kv(self, bucket: str) -> Bucket:
        """A key-value bucket of the topology. Raises `Unavailable` before the first connection."""
        return Bucket(self.js, bucket)

    async def publish_bulk(
        self, subject: str, payload: bytes, *, msg_id: str, stream: str, headers: dict[str, str] | None = None
    ) -> PubAck:
        """Publish to a high-volume stream (`bulk.publish`): `Unavailable` means unknown, repeat the same `msg_id`."""
        return await bulk.publish(self.nc, subject, payload, msg_id=msg_id, headers=headers, stream=stream)

    async def replay_dead_letter(self, letter_id: int) -> None:
        """Have the consumer that gave up on a dead letter try it again, now. Raises what its handler raises.

        One that was acted on meanwhile has no second effect: the inbox knows it. The letter itself stays, until it is
        30 days old.
        """
        letter = await dead_letters.get_letter(self.js, letter_id)
        owner = {known.name: known.service for known in DURABLES}.get(letter.consumer)
        if owner is None:
            raise Conflict(f"dead letter {letter_id} came from {letter.consumer}, which cannot replay it")
        await self.call(replay_method(owner), DeadLetterRef(id=letter_id), timeout=10)

    async def _replay(self, ref: DeadLetterRef) -> Nothing:
        letter = await dead_letters.get_letter(self.js, ref.id)
        consumer = self._consumers.get(letter.consumer)
        if consumer is None:
            raise Conflict(f"dead letter {ref.id} came from {letter.consumer}, which {self.service} does not run")
        await consumer.apply(letter.headers, letter.body)
        return Nothing()

    async def run(self) -> None:
        """Connect (for ever), ensure the topology, consume, serve, publish; until cancelled.

        Raises `BusLost` when the connection is beyond repair. Ends within six seconds of a cancel, server there or not.
        """
        try:
            await self._connection.open()
            self._connection.on_reconnect.append(self.metrics.reconnects.inc)
            await self._subscribe()
            self._ready.set()
            self.metrics.connected.set(1)
            async with asyncio.TaskGroup() as loops:
                for name, loop in self._loops().items():
                    loops.create_task(loop, name=f"bus {name}")
        finally:
            self._ready.clear()
            await self._stop()

    def _loops(self) -> dict[str, Any]:
        watchdog = Watchdog(self._connection, self._ensure, self._last_fetches, clock=self._clock, metrics=self.metrics)
        loops: dict[str, Any] = {"watchdog": watchdog.run(), "closed": self._wait_closed()}
        if self._database is not None:
            from shared.bus.outbox import OutboxRelay  # noqa: PLC0415

            relay = OutboxRelay(self.service, self._database, self.nc, clock=self._clock, metrics=self.metrics)
            loops |= {"relay": relay.run(), "pruning": relay.run_pruning()}
        return loops

    async def _ensure(self) -> list[str]:
        return await bootstrap.ensure_topology(
            self.js, self._durables, owns_streams=self._owns_streams, replicas=self._stream_replicas
        )

    async def _wait_closed(self) -> None:
        await self._connection.closed.wait()
        raise BusLost("the connection to the bus was closed for good")

    def _last_fetches(self) -> dict[str, float]:
        return (
            {pull.durable.name: pull.last_fetch_at for pull in self._subscriptions.pulls} if self._subscriptions else {}
        )

    async def _subscribe(self) -> None:
        """Ensure the topology and subscribe; retried every half second until the server accepts it."""
        warned = False
        while not self._is_subscribed:
            try:
                await self._subscribe_once()
            except NATS_ERRORS as error:
                if not warned:
                    log.warning("the bus is not ready: %s; trying on", describe_error(error))
                warned = True
                if self._subscriptions is not None:
                    await self._subscriptions.close()
                await self._clock.sleep(0.5)

    async def _subscribe_once(self) -> None:
        await self._ensure()
        if self._handlers or self._rpc_handlers:
            self._subscriptions = self._build_subscriptions()
            await self._subscriptions.open()
        await serve_status(self.nc, self.service, self.status)
        for method, handler in self._each_handlers.items():
            await serve_each(self.nc, method, handler)
        await advisories.subscribe_advisories(self.nc, self._durables, self.metrics)
        self._is_subscribed = True

    def _build_subscriptions(self) -> Subscriptions:
        from shared.bus.subscriptions import Subscriptions  # noqa: PLC0415

        subscriptions = Subscriptions(self.service, self.nc, self._clock)
        for method, handler in self._rpc_handlers.items():
            subscriptions.serve(method, handler)
        for name, handlers in self._handlers.items():
            self._add_consumer(subscriptions, name, handlers)
        if self._handlers:
            subscriptions.serve(replay_method(self.service), self._replay)
        return subscriptions

    def _add_consumer(self, subscriptions: Subscriptions, name: str, handlers: Mapping[type[Event], Any]) -> None:
        from shared.bus.consumers.consumer import EventConsumer  # noqa: PLC0415

        assert self._database is not None
        consumer = EventConsumer(
            durable(name), handlers, database=self._database, js=self.js, clock=self._clock, metrics=self.metrics
        )
        self._consumers[name] = consumer
        subscriptions.consume(consumer.durable, consumer.on_message)

    async def _stop(self) -> None:
        """Shielded: a second cancel does not leave handlers or the connection behind half-way."""
        stopping = asyncio.ensure_future(self._close())
        try:
            await asyncio.wait_for(asyncio.shield(stopping), STOP_WITHIN_S)
        except TimeoutError:
            log.warning("the bus did not close within %g s", STOP_WITHIN_S)
            stopping.cancel()

    async def _close(self) -> None:
        await self._chunk_streams.close()
        if self._subscriptions is not None:
            await self._subscriptions.close()
        await self._connection.close()
