"""The one way in which a fact is consumed: effect and inbox row in one transaction, then an explicit ack.

| what happened | what becomes of the message |
|---|---|
| the handler returned, or the event was seen before, or its type is unknown | ack |
| `Temporary`, or an error outside the tree | negative ack, delayed and growing, until `max_deliver`; then dead letter |
| `Permanent`, no CloudEvent, or a body that does not fit its schema | dead letter with the reason, then term, at once |

Nothing here leaves a message to FastStream's own policies: its default drops a message whose handler raised, and its
unqualified nak brings it back 1,700 times a second.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from nats.aio.msg import Msg
from nats.js import JetStreamContext
from sqlalchemy.ext.asyncio import AsyncSession

from shared.bus.dead_letters import bury
from shared.bus.envelope import Received, receive
from shared.bus.outbox import is_new
from shared.bus.topology import Durable
from shared.clock import Clock
from shared.database import Database
from shared.errors import InvalidInput, Permanent
from shared.events import Event
from shared.telemetry import span_from_headers

log = logging.getLogger("penstock.bus.consumer")

Handler = Callable[[Any, AsyncSession], Awaitable[None]]

FIRST_DELAY_S = 0.5
LONGEST_DELAY_S = 30.0


class Outcome(Enum):
    """What is to become of a message."""

    ACK = "ack"
    RETRY = "retry"
    DEAD = "dead"


def outcome_of(error: BaseException, delivered: int, max_deliver: int) -> Outcome:
    """The mapping of errors to outcomes; `delivered` counts from 1, `max_deliver` -1 is without end."""
    if isinstance(error, Permanent):
        return Outcome.DEAD
    if 0 < max_deliver <= delivered:
        return Outcome.DEAD
    return Outcome.RETRY


def retry_delay(delivered: int) -> float:
    """Seconds until the next delivery: 0.5, 1, 2 … 30."""
    return min(LONGEST_DELAY_S, FIRST_DELAY_S * 2.0 ** (delivered - 1))


@dataclass(frozen=True)
class Consumer:
    """One durable's handlers, and what every message of it goes through."""

    durable: Durable
    handlers: Mapping[type[Event], Handler]
    database: Database
    clock: Clock

    async def take(self, message: Msg, js: JetStreamContext) -> Outcome:
        """Process one message to its end; raises nothing but cancellation and a lost connection."""
        try:
            await self.apply(message.headers, message.data)
        except Exception as error:  # noqa: BLE001 - every error has an outcome, foreign ones too
            return await self._failed(message, js, error)
        await message.ack()
        return Outcome.ACK

    async def apply(self, headers: Mapping[str, str] | None, body: bytes) -> None:
        """Act on one event, once; raises what the handler raises."""
        received = receive(headers, body)
        handler = self._handler(received)
        if handler is None:
            return
        with span_from_headers(received.headers, f"{self.durable.name} {received.type}"):
            async with self.database.unit_of_work() as session:
                if await is_new(session, self.durable.name, received.id, self.clock.now()):
                    await handler(received.event, session)

    def _handler(self, received: Received) -> Handler | None:
        return self.handlers.get(type(received.event)) if received.event is not None else None

    async def _failed(self, message: Msg, js: JetStreamContext, error: Exception) -> Outcome:
        delivered = message.metadata.num_delivered
        outcome = outcome_of(error, delivered, self.durable.max_deliver)
        reason = f"{type(error).__name__}: {error}"
        if outcome is Outcome.RETRY:
            log.warning(
                "%s: delivery %s of %s failed, tried again: %s", self.durable.name, delivered, message.subject, reason
            )
            await message.nak(delay=retry_delay(delivered))
            return outcome
        log.error(
            "%s: %s goes to the dead letters: %s",
            self.durable.name,
            message.subject,
            reason,
            exc_info=None if isinstance(error, InvalidInput) else error,
        )
        await bury(js, self.durable.name, message, reason)
        await message.term()
        return outcome
