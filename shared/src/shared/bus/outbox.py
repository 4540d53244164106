"""Transactional outbox and inbox: every event that a service commits is sent, and each is applied once.

A handler writes its change and `publish`es in one transaction; the relay sends what is in the outbox, in order, and
marks it once the server has stored it. The inbox remembers, in the effect's own transaction, which event a consumer has
acted on.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, timedelta
from typing import Any

import nats.errors
from nats.aio.client import Client
from nats.js.errors import APIError
from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    delete,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from shared.bus.envelope import headers_of, subject_of
from shared.bus.metrics import BusMetrics
from shared.bus.topology import EVENTS
from shared.cancellation import propagate_cancellation
from shared.clock import Clock, SystemClock
from shared.database import OUTBOX_WRITTEN, Database
from shared.errors import InvalidInput, PenstockError, describe_error
from shared.events import Event
from shared.ids import new_id
from shared.telemetry import inject_headers

log = logging.getLogger("penstock.bus.outbox")

BATCH = 200
LARGEST_EVENT = 1_000_000
"""Bytes of body and headers: the bus takes messages of up to 1 MiB."""
PUBLISH_TIMEOUT_S = 5.0
SENT_KEPT = timedelta(days=1)
INBOX_KEPT = timedelta(days=31)
"""Longer than `EVENTS` keeps a fact: a durable that had to be made anew replays all of them."""

_METADATA = MetaData()

outbox = Table(
    "outbox",
    _METADATA,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("event_id", String(36), nullable=False, unique=True),
    Column("stream", String(32), nullable=False),
    Column("subject", String(255), nullable=False),
    Column("headers", JSON, nullable=False),
    Column("body", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("sent", Boolean, nullable=False, default=False),
    Index("ix_outbox_sent_seq", "sent", "seq"),
)

inbox = Table(
    "inbox",
    _METADATA,
    Column("consumer", String(64), primary_key=True),
    Column("event_id", String(64), primary_key=True),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Index("ix_inbox_received_at", "received_at"),
)


def add_tables(metadata: MetaData) -> None:
    """Make outbox and inbox part of a service's own tables (and so of its migrations)."""
    outbox.to_metadata(metadata)
    inbox.to_metadata(metadata)


async def publish(
    session: AsyncSession, event: Event, *, causation: str | None = None, clock: Clock | None = None
) -> None:
    """Write `event` to the outbox in the caller's transaction; the relay sends it after the commit.

    `causation`: id of the event that this one follows from. The current trace goes with it. Raises `InvalidInput` for
    an event that the bus would never take: in the outbox it would hold up everything behind it, for good.
    """
    at = (clock or SystemClock()).now()
    event_id = new_id()
    headers = headers_of(event, event_id=event_id, source="", at=at, causation=causation) | inject_headers()
    body = event.model_dump_json()
    size = sum(len(text.encode()) for text in (body, *headers, *headers.values()))
    if size > LARGEST_EVENT:
        raise InvalidInput(f"{type(event).__name__} takes {size:,} bytes, and the bus takes {LARGEST_EVENT:,} at most")
    row: dict[str, Any] = {
        "event_id": str(event_id),
        "stream": EVENTS,
        "subject": subject_of(event),
        "headers": headers,
        "body": body,
        "created_at": at,
        "sent": False,
    }
    await session.execute(insert(outbox).values(**row))
    session.info[OUTBOX_WRITTEN] = True


async def add_to_inbox(session: AsyncSession, consumer: str, event_id: str, at: datetime) -> bool:
    """Record in the caller's transaction that `consumer` processed this event; False when it is recorded already."""
    try:
        async with session.begin_nested():
            await session.execute(insert(inbox).values(consumer=consumer, event_id=event_id, received_at=at))
    except IntegrityError:
        return False
    return True


class OutboxRelay:
    """Sends the outbox, in order, one at a time; a message is marked only when the server has stored it."""

    def __init__(self, service: str, database: Database, nc: Client, *, clock: Clock, metrics: BusMetrics) -> None:
        self.service = service
        self.database = database
        self.nc = nc
        self.js = nc.jetstream()
        self.clock = clock
        self.metrics = metrics

    async def run(self) -> None:
        """Send until cancelled. A commit wakes it; it also polls every second."""
        while True:
            self.database.outbox_written.clear()
            if not self.nc.is_connected:
                # nats-py would queue the same message again and again, and send all of them once it is back.
                await self.clock.sleep(0.1)
                continue
            try:
                # Cancelled while it publishes, it notes what it has sent; where that fails it ends all the same.
                with propagate_cancellation():
                    while await self.send_batch() == BATCH:
                        pass
            except (nats.errors.Error, APIError, PenstockError, TimeoutError) as error:
                # Unknown is not failed: the server may have stored it. The same id is sent again, and stored once.
                self.metrics.publish_unknown.inc()
                log.warning("outbox waits: %s", describe_error(error))
                await self.clock.sleep(0.5)
                continue
            await self._wait_for_commit(1.0)

    async def _wait_for_commit(self, seconds: float) -> None:
        # Not wait_for: before Python 3.12 it swallows a cancellation that comes with the writing.
        try:
            async with asyncio.timeout(seconds):
                await self.database.outbox_written.wait()
        except TimeoutError:
            return

    async def send_batch(self) -> int:
        """Send the oldest unsent messages; returns how many there were."""
        async with self.database.read() as session:
            query = select(outbox).where(outbox.c.sent.is_(False)).order_by(outbox.c.seq).limit(BATCH)
            rows = (await session.execute(query)).mappings().all()
        self.metrics.outbox_waiting.set(len(rows))
        sent: list[int] = []
        try:
            for row in rows:
                headers = dict(row["headers"]) | {"ce-source": f"penstock/{self.service}"}
                await self.js.publish(
                    row["subject"],
                    row["body"].encode(),
                    timeout=PUBLISH_TIMEOUT_S,
                    stream=row["stream"],
                    headers=headers,
                )
                sent.append(row["seq"])
        finally:
            if sent:
                await self._mark(sent)
        return len(rows)

    async def _mark(self, sent: list[int]) -> None:
        async with self.database.unit_of_work() as session:
            await session.execute(update(outbox).where(outbox.c.seq.in_(sent)).values(sent=True))

    async def run_pruning(self) -> None:
        """Delete old rows of outbox (`SENT_KEPT`) and inbox (`INBOX_KEPT`); once an hour until cancelled."""
        while True:
            await self.clock.sleep(3600)
            now = self.clock.now()
            async with self.database.unit_of_work() as session:
                old = (outbox.c.sent.is_(True)) & (outbox.c.created_at < now - SENT_KEPT)
                await session.execute(delete(outbox).where(old))
                await session.execute(delete(inbox).where(inbox.c.received_at < now - INBOX_KEPT))
