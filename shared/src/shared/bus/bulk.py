"""High-volume streams, pulled in batches with plain nats-py."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

import nats.errors
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.errors import APIError, ServiceUnavailableError

from shared.bus.topology import Durable
from shared.errors import PenstockError

log = logging.getLogger("penstock.bus.bulk")

BatchHandler = Callable[[list[Msg]], Awaitable[None]]

RETRY_S = 1.0


async def bulk_pull(js: JetStreamContext, durable: Durable, handler: BatchHandler, *, batch: int = 500) -> None:
    """Hand batches of a durable's messages to `handler` until cancelled.

    Messages of a batch are acked when the handler returns; all of it comes again when it raises, so the handler must
    know repeats. A stream or durable that is gone is waited for, once a second: the watchdog makes it again.
    """
    while True:
        try:
            subscription = await js.pull_subscribe_bind(
                durable.name, durable.stream, inbox_prefix=f"_INBOX.penstock.{durable.service}.".encode()
            )
            try:
                while True:
                    await _one_batch(subscription, handler, batch)
            finally:
                await subscription.unsubscribe()
        except asyncio.CancelledError:
            raise
        except (nats.errors.Error, APIError, ServiceUnavailableError, PenstockError) as error:
            log.warning("%s waits: %s", durable.name, error or type(error).__name__)
            await asyncio.sleep(RETRY_S)


async def _one_batch(subscription: JetStreamContext.PullSubscription, handler: BatchHandler, batch: int) -> None:
    try:
        messages = await subscription.fetch(batch, timeout=1)
    except (nats.errors.TimeoutError, TimeoutError):
        return
    await handler(messages)
    for message in messages:
        await message.ack()
