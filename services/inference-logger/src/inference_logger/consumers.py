"""Door: the bus. Reads `REQUESTS` in order from its own position; answers questions about tables and rows."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from deltalake.exceptions import DeltaError
from nats.aio.msg import Msg
from sqlalchemy.ext.asyncio import AsyncSession

from inference_logger import handlers
from inference_logger.domain import RETRY_MARK, Received, Unreadable, read_message
from inference_logger.store import catalogue
from inference_logger.store.delta import PayloadTables
from shared.bus import Bus
from shared.bus.bulk import identity, read_from
from shared.bus.dead_letters import bury
from shared.bus.topology import REQUESTS
from shared.clock import Clock
from shared.contracts import rpc
from shared.database import Database
from shared.errors import Unavailable
from shared.events import ServiceDeleted

log = logging.getLogger(__name__)

BATCH = 100
"""Messages of one fetch; a router puts up to hundreds of records into each."""
NEW_STREAM = timedelta(minutes=10)
"""Age of a stream up to which its messages may be repeats of what went to the one before it."""
RETRY_S = 1.0
NAME = "inference-logger"
DURABLE = "inference-logger-events"


def subscribe(bus: Bus, database: Database) -> None:
    """Declare what the inference-logger consumes and answers."""

    async def deleted(event: ServiceDeleted, session: AsyncSession) -> None:
        if event.purge_tables and event.deleted_at is not None:
            await catalogue.note_purge(session, event.service, event.deleted_at)

    async def tables(query: rpc.TablesQuery) -> rpc.TableList:
        return await handlers.list_tables(database, query)

    async def rows(query: rpc.RowsQuery) -> rpc.RowPage:
        return await handlers.read(database, query)

    bus.consume(DURABLE, {ServiceDeleted: deleted})
    bus.answer(rpc.TABLES, tables)
    bus.answer(rpc.ROWS, rows)


@dataclass(frozen=True)
class Pace:
    """When what has come together is committed."""

    interval: timedelta = timedelta(seconds=1)
    bytes: int = 32 * 1024 * 1024


class Sink:
    """`REQUESTS` → payload tables. Killed anywhere, it goes on behind what is committed."""

    def __init__(self, bus: Bus, database: Database, tables: PayloadTables, clock: Clock, pace: Pace) -> None:
        self.bus = bus
        self.database = database
        self.tables = tables
        self.clock = clock
        self.pace = pace
        self.rows = 0

    async def run(self) -> None:
        """Read and commit until cancelled; what is away is waited for."""
        await self.bus.connected()
        while True:
            try:
                await self._read_stream()
            except (Unavailable, DeltaError, OSError) as error:
                log.warning("requests wait: %s", error)
                await self.clock.sleep(RETRY_S)

    async def _read_stream(self) -> None:
        stream = await identity(self.bus.js, REQUESTS)
        name = f"{REQUESTS}:{stream.created.isoformat()}"
        async with self.database.read() as session:
            after = await catalogue.checkpoint(session, name)
            # A stream that was made anew knows no message ids: a spool may send what the old one had stored already.
            replaced = await catalogue.has_other_checkpoint(session, name)
        doubtful_until = stream.created + NEW_STREAM if replaced else None
        waiting: list[Msg] = []
        since = self.clock.monotonic()
        async for messages in read_from(self.bus.js, REQUESTS, max(after, stream.first_seq - 1), batch=BATCH):
            since = since if waiting else self.clock.monotonic()
            waiting += messages
            if waiting and self._is_due(waiting, since):
                await self._commit(name, waiting, doubtful_until)
                waiting = []

    def _is_due(self, waiting: Sequence[Msg], since: float) -> bool:
        late = self.clock.monotonic() - since >= self.pace.interval.total_seconds()
        return late or sum(len(message.data) for message in waiting) >= self.pace.bytes

    async def _commit(self, name: str, messages: Sequence[Msg], doubtful_until: datetime | None) -> None:
        received = [await self._received(message, doubtful_until) for message in messages]
        readable = [message for message in received if message is not None]
        upto = handlers.Position(name, messages[-1].metadata.sequence.stream)
        self.rows += await handlers.commit(self.tables, self.database, readable, upto, self.clock.now())

    async def _received(self, message: Msg, doubtful_until: datetime | None) -> Received | None:
        try:
            records = read_message(message.data)
        except Unreadable as error:
            await bury(self.bus.js, NAME, message, str(error))
            return None
        marked = RETRY_MARK in (message.headers or {})
        doubtful = doubtful_until is not None and message.metadata.timestamp < doubtful_until
        return Received(message.metadata.sequence.stream, records, marked or doubtful)
