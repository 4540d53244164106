"""High-volume streams (`REQUESTS`, `LOGS`, `METRICS`): pulled in batches with plain nats-py.

`consume_batches` reads a durable and acknowledges what its handler has stored. `read_stream` reads from a position that
the caller keeps itself (beside its own data), in order and without a gap, and needs no acknowledgements.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy, PubAck

from shared.bus.nats_errors import NATS_ERRORS
from shared.cancellation import propagate_cancellation
from shared.errors import Unavailable, describe_error

log = logging.getLogger("penstock.bus.bulk")

PUBLISH_TIMEOUT_S = 5.0
FETCH_S = 2.0
RETRY_S = 0.5
CONSUMED_POLL_S = 0.05


@dataclass(frozen=True)
class StreamIdentity:
    """Which stream a position belongs to: one that was made anew counts from 1 again."""

    name: str
    created: datetime
    first_seq: int
    last_seq: int


async def stream_identity(js: JetStreamContext, stream: str) -> StreamIdentity:
    """Creation time and sequences of `stream`. Raises `Unavailable`."""
    try:
        info = await js.stream_info(stream)
    except NATS_ERRORS as error:
        raise Unavailable(f"stream {stream}: {describe_error(error)}") from error
    assert info.created is not None
    return StreamIdentity(stream, info.created, info.state.first_seq, info.state.last_seq)


async def publish(
    nc: Client, subject: str, payload: bytes, *, msg_id: str, headers: dict[str, str] | None, stream: str
) -> PubAck:
    """Publish and wait until it is stored.

    `Unavailable` means *unknown*: it may have been stored. Publish the same `msg_id` again; within two minutes the
    server stores it once (`duplicate` in the answer), later it is the caller's to mark the retry.
    """
    if not nc.is_connected:
        raise Unavailable("the bus is away", retry_after_s=1)
    js = nc.jetstream()
    try:
        return await js.publish(
            subject,
            payload,
            timeout=PUBLISH_TIMEOUT_S,
            stream=stream,
            headers={**(headers or {}), "Nats-Msg-Id": msg_id},
        )
    except NATS_ERRORS as error:
        raise Unavailable(f"publishing to {stream}: {describe_error(error)}", retry_after_s=1) from error


async def wait_until_consumed(js: JetStreamContext, stream: str, durable: str, within_s: float) -> bool:
    """Wait until `durable` has acknowledged all that `stream` holds now; False where that takes longer."""
    try:
        async with asyncio.timeout(within_s):
            last = (await js.stream_info(stream)).state.last_seq
            while True:
                if await _has_consumed(js, stream, durable, last):
                    return True
                await asyncio.sleep(CONSUMED_POLL_S)
    except NATS_ERRORS:
        return False


async def _has_consumed(js: JetStreamContext, stream: str, durable: str, sequence: int) -> bool:
    seen = await js.consumer_info(stream, durable)
    is_idle = not seen.num_pending and not seen.num_ack_pending
    return is_idle or (seen.ack_floor is not None and seen.ack_floor.stream_seq >= sequence)


async def consume_batches(
    js: JetStreamContext, stream: str, durable: str, batch: int, handler: Callable[[list[Msg]], Awaitable[None]]
) -> None:
    """Give `handler` up to `batch` messages at a time, until cancelled; what it returns from is acknowledged.

    When it raises, the batch comes again after a delay. While stream or durable are away it waits for them.
    """
    delay = RETRY_S
    failing = False
    while True:
        try:
            pull = await js.pull_subscribe_bind(durable, stream=stream, pending_msgs_limit=-1, pending_bytes_limit=-1)
            try:
                delay = await _drain_pull(pull, batch, handler, delay)
            finally:
                with contextlib.suppress(*NATS_ERRORS):
                    await pull.unsubscribe()
        except NATS_ERRORS as error:
            if not failing:
                log.warning("%s cannot be read: %s; trying on", durable, describe_error(error))
            failing = True
            await asyncio.sleep(RETRY_S)
        else:
            failing = False


async def _drain_pull(
    pull: JetStreamContext.PullSubscription, batch: int, handler: Callable[[list[Msg]], Awaitable[None]], delay: float
) -> float:
    """Pull until a batch fails or NATS does; returns the delay of the next failure."""
    while True:
        try:
            with propagate_cancellation():
                messages = await pull.fetch(batch, timeout=FETCH_S)
        except nats.errors.TimeoutError:
            continue
        try:
            await handler(messages)
        except Exception:
            log.exception("a batch of %d messages failed; it comes again in %g s", len(messages), delay)
            for message in messages:
                await message.nak(delay=delay)
            await asyncio.sleep(delay)
            return min(delay * 2, 30.0)
        for message in messages:
            await message.ack()
        delay = RETRY_S


async def read_stream(
    js: JetStreamContext, stream: str, after: int, *, batch: int, subjects: Sequence[str] = ()
) -> AsyncGenerator[list[Msg]]:
    """Messages behind sequence `after`, in batches, in order, without a gap; empty lists while there are none.

    Uses a consumer of its own that acknowledges nothing; one that was lost, or that skipped a message (delivered to a
    connection that had just broken), is made anew behind the last message handed out. Raises `Unavailable` when the
    stream cannot be read; the caller then looks whether it is the same stream (`stream_identity`) and reads on.
    """
    config = ConsumerConfig(
        ack_policy=AckPolicy.NONE,
        deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
        opt_start_seq=after + 1,
        filter_subjects=list(subjects) or None,
        inactive_threshold=60.0,
        mem_storage=True,
    )
    name = None
    try:
        name = (await js.add_consumer(stream, config)).name
        pull = await js.pull_subscribe_bind(name, stream=stream, pending_msgs_limit=-1, pending_bytes_limit=-1)
        delivered = 0
        while True:
            messages = await _fetch_batch(pull, batch)
            whole = _contiguous(messages, delivered)
            delivered += len(whole)
            yield whole
            if len(whole) < len(messages):
                raise Unavailable(f"stream {stream}: a message was skipped on the way; reading it again")
    except NATS_ERRORS as error:
        raise Unavailable(f"stream {stream}: {describe_error(error)}") from error
    finally:
        if name is not None:
            with contextlib.suppress(*NATS_ERRORS, asyncio.CancelledError):
                await js.delete_consumer(stream, name)


async def _fetch_batch(pull: JetStreamContext.PullSubscription, batch: int) -> list[Msg]:
    try:
        with propagate_cancellation():
            return await pull.fetch(batch, timeout=FETCH_S)
    except nats.errors.TimeoutError:
        return []


def _contiguous(messages: list[Msg], delivered: int) -> list[Msg]:
    """Those that follow without a gap on the `delivered` ones before: the consumer numbers what it hands out."""
    return [
        message for place, message in enumerate(messages, delivered + 1) if message.metadata.sequence.consumer == place
    ]
