"""Max-deliveries advisories: past `max_deliver` the server stops delivering a message and does not tell its consumer.

That happens when a consumer was killed on it again and again. The server says so once, on an advisory; here it is
counted and the message is put with the dead letters.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.errors import NotFoundError

from shared.bus.consumers import dead_letters
from shared.bus.metrics import BusMetrics
from shared.bus.topology import Durable

log = logging.getLogger("penstock.bus.advisories")

_SUBJECT = "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES"


async def subscribe_advisories(nc: Client, durables: Iterable[Durable], metrics: BusMetrics) -> None:
    """Handle the advisories of `durables` for as long as the connection is open."""
    for durable in durables:
        await nc.subscribe(
            f"{_SUBJECT}.{durable.stream}.{durable.name}",
            queue=f"penstock-{durable.service}",
            cb=_MaxDeliveriesHandler(nc, durable, metrics).on_advisory,
        )


class _MaxDeliveriesHandler:
    """Handles the advisories of one durable."""

    def __init__(self, nc: Client, durable: Durable, metrics: BusMetrics) -> None:
        self._nc = nc
        self._durable = durable
        self._metrics = metrics

    async def on_advisory(self, advisory: Msg) -> None:
        """Count it, and put the message that it speaks of with the dead letters.

        The server's own advisories ask for no reply. A message that a push consumer delivers to this subject does
        (its acknowledgement), and anybody who may create consumers can name this subject as theirs.
        """
        if advisory.reply:
            return
        self._metrics.max_deliveries.labels(self._durable.name).inc()
        try:
            said = json.loads(advisory.data)
            await self._dead_letter(int(said["stream_seq"]), int(said["deliveries"]))
        except Exception:
            log.exception("%s: an advisory could not be acted on", self._durable.name)

    async def _dead_letter(self, sequence: int, deliveries: int) -> None:
        js = self._nc.jetstream()
        log.error("%s: message %d was given up on after %d deliveries", self._durable.name, sequence, deliveries)
        try:
            message = await js.get_msg(self._durable.stream, sequence)
        except NotFoundError:
            return
        await dead_letters.dead_letter_raw(
            js,
            self._durable.name,
            subject=message.subject or "",
            headers=message.headers or {},
            body=message.data or b"",
            reason=f"given up on by the server after {deliveries} deliveries",
            origin=f"{self._durable.stream}-{sequence}",
        )
