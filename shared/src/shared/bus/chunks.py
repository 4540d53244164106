"""Large results over the bus: chunks of at most `MAX_CHUNK_BYTES`, each sent when it is asked for.

A reply to an RPC names a subject (`ChunkStreams.offer`); whoever has it asks there for chunk 0, 1, 2 … (`read_chunks`).
One chunk is made ahead, no more: a slow consumer holds the producer back, and one that stops asking, or says so, ends
it. A chunk whose reply was lost can be asked for again. A reader that works on what it has read says from time to time
that it is there (`hold_chunks`), so that whoever waits for it learns when it is not.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from pydantic import ValidationError

from shared.bus.nats_errors import NATS_ERRORS
from shared.bus.rpc import ERROR_HEADER, decode_error, encode_error, is_from_service
from shared.contracts.chunks import CHUNKS_SUBJECT, STATE_HEADER, ChunkRequest, ChunkStream
from shared.errors import PenstockError, Unavailable, describe_error

log = logging.getLogger("penstock.bus.chunks")

IDLE_S = 20.0
"""Nobody asked for so long: the consumer is gone."""
WAIT_S = 2.0
"""How long a request waits for its chunk before it is told to ask again."""
HELD_EVERY_S = 5.0
"""How often a reader that holds a result says so."""
ANSWER_WITHIN_S = 8.0
TRIES = 3


class Chunks(Protocol):
    """What makes them. `aclose` is called when it is over, also where none was ever made."""

    def __aiter__(self) -> AsyncIterator[bytes]: ...
    def __anext__(self) -> Awaitable[bytes]: ...
    async def aclose(self) -> None: ...  # noqa: D102


class ChunkStreams:
    """The results that a service offers at the moment."""

    def __init__(self, service: str, idle_s: float = IDLE_S) -> None:
        self._service = service
        self._idle_s = idle_s
        self._running: set[asyncio.Task[None]] = set()

    async def offer(self, nc: Client, chunks: Chunks, on_gone: Callable[[], None] | None = None) -> ChunkStream:
        """Offer `chunks` to whoever is told the subject; they are closed when it is over, whatever the reason.

        `on_gone` is called where the reader fell silent instead of saying that it needs no more.
        """
        subject = f"{CHUNKS_SUBJECT}.{self._service}.{secrets.token_urlsafe(18)}"
        try:
            subscription = await nc.subscribe(subject)
            await nc.flush()  # the server knows it before anybody asks
        except NATS_ERRORS as error:
            await chunks.aclose()
            raise Unavailable("the bus is away", retry_after_s=1) from error
        task = asyncio.create_task(
            _Offer(nc, chunks, self._idle_s, on_gone).serve(subscription), name=f"chunks {subject}"
        )
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return ChunkStream(subject=subject)

    async def close(self) -> None:
        """End all of them."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)


@dataclass
class _Offer:
    """One result on its way."""

    nc: Client
    chunks: Chunks
    idle_s: float
    on_gone: Callable[[], None] | None = None
    number: int = -1
    """Of what was sent last."""
    sent: tuple[bytes, dict[str, str]] = (b"", {})
    making: asyncio.Task[bytes | None] | None = None
    """The next chunk, made ahead."""

    async def serve(self, subscription: Subscription) -> None:
        """Until nobody wants more."""
        try:
            while await self._answer(await subscription.next_msg(self.idle_s)):
                pass
        except (TimeoutError, *NATS_ERRORS) as error:
            log.info("a result is not fetched any more: %s", describe_error(error))
            if self.on_gone is not None:
                self.on_gone()
        finally:
            await asyncio.shield(self._end(subscription))

    async def _end(self, subscription: Subscription) -> None:
        if self.making is not None:
            self.making.cancel()
            await asyncio.gather(self.making, return_exceptions=True)
        await self.chunks.aclose()
        with contextlib.suppress(*NATS_ERRORS):
            await subscription.unsubscribe()

    async def _answer(self, message: Msg) -> bool:
        """False: nobody wants more."""
        if not is_from_service(message.reply):
            return True
        try:
            asked = ChunkRequest.model_validate_json(message.data)
        except ValidationError:
            return True
        if asked.stop:
            return False
        if asked.number == self.number + 1:
            found = await self._next()
            if found is None:
                await self.nc.publish(message.reply, b"", headers={STATE_HEADER: "wait"})
                return True
            self.number, self.sent = asked.number, found
        await self.nc.publish(message.reply, self.sent[0], headers=self.sent[1])
        return True

    async def _next(self) -> tuple[bytes, dict[str, str]] | None:
        """Body and headers of the next reply; None while it is not there."""
        self.making = self.making or asyncio.create_task(self._make(), name="next chunk")
        done, _ = await asyncio.wait({self.making}, timeout=WAIT_S)
        if not done:
            return None
        made, self.making = self.making, None
        try:
            chunk = made.result()
        except PenstockError as error:
            return encode_error(error)
        except Exception:
            log.exception("a result could not be made")
            return encode_error(PenstockError("an internal error; the log has it"))
        if chunk is None:
            return b"", {STATE_HEADER: "last"}
        self.making = asyncio.create_task(self._make(), name="next chunk")
        return chunk, {STATE_HEADER: "more"}

    async def _make(self) -> bytes | None:
        return await anext(self.chunks, None)


async def read_chunks(nc: Client, stream: ChunkStream) -> AsyncGenerator[bytes, None]:
    """Every chunk of `stream`; a reader that stops ends it.

    Raises what its maker raised; `Unavailable` when it is gone.
    """
    reader = _Reader(nc, stream)
    try:
        async for chunk in reader.each():
            yield chunk
    finally:
        if not reader.is_over:
            await reader.stop()


@contextlib.asynccontextmanager
async def hold_chunks(
    nc: Client, stream: ChunkStream, every_s: float = HELD_EVERY_S
) -> AsyncGenerator[AsyncIterator[bytes], None]:
    """As `read_chunks`, but it ends with the context only: until then its maker is told that somebody is there."""
    reader = _Reader(nc, stream)
    holding = asyncio.create_task(reader.hold(every_s), name="hold a result")
    try:
        yield reader.each()
    finally:
        holding.cancel()
        await asyncio.gather(holding, return_exceptions=True)
        await reader.stop()


@dataclass
class _Reader:
    """How far one result is read."""

    nc: Client
    stream: ChunkStream
    number: int = 0
    is_over: bool = False

    async def each(self) -> AsyncGenerator[bytes, None]:
        while True:
            reply = await _ask(self.nc, self.stream, ChunkRequest(number=self.number))
            headers = reply.headers or {}
            if name := headers.get(ERROR_HEADER):
                self.is_over = True
                raise decode_error(name, reply.data)
            if headers.get(STATE_HEADER) == "wait":
                continue
            if headers.get(STATE_HEADER) == "last":
                return
            self.number += 1
            yield reply.data

    async def hold(self, every_s: float) -> None:
        """Ask again for what was read, without waiting for it."""
        while True:
            await asyncio.sleep(every_s)
            await self._say(ChunkRequest(number=max(self.number - 1, 0)))

    async def stop(self) -> None:
        await self._say(ChunkRequest(stop=True))

    async def _say(self, request: ChunkRequest) -> None:
        with contextlib.suppress(*NATS_ERRORS):
            await self.nc.publish(self.stream.subject, request.model_dump_json().encode(), reply=self.nc.new_inbox())


async def _ask(nc: Client, stream: ChunkStream, request: ChunkRequest) -> Msg:
    """Asked again where an answer is late: it may have been lost with a connection."""
    for attempt in range(TRIES):
        try:
            return await nc.request(stream.subject, request.model_dump_json().encode(), timeout=ANSWER_WITHIN_S)
        except nats.errors.NoRespondersError as error:
            raise Unavailable("the result is gone; ask for it anew", retry_after_s=1) from error
        except (nats.errors.Error, TimeoutError) as error:
            if attempt == TRIES - 1:
                raise Unavailable("the result was not handed over in time", retry_after_s=1) from error
    raise AssertionError("unreachable")
