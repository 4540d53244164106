"""The bus: `REQUESTS`, read in order from the checkpoint into the payload tables."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from nats.aio.msg import Msg

from inference_logger.consumers.log_topics import publish_topics
from inference_logger.consumers.waiting import WaitingTableRetries
from inference_logger.domain.accounting import (
    DEAD_LETTER,
    Lost,
    SourceCounts,
    lost_records,
    read_counts,
    unreadable_records,
)
from inference_logger.domain.records import UnreadableMessage, read_message
from inference_logger.domain.streams import DOUBTFUL_FOR, Checkpoint
from inference_logger.domain.tables import ReceivedMessage
from inference_logger.handlers.commit import StreamBatch, commit_batch
from inference_logger.handlers.replicas.ownership import Ownership, OwnershipChanged
from inference_logger.handlers.stores import Stores
from inference_logger.store import positions
from inference_logger.store.stream import checkpoint_name, find_checkpoint, is_retry
from shared.bus import Bus
from shared.bus.bulk import StreamIdentity, read_stream, stream_identity
from shared.bus.consumers.dead_letters import dead_letter
from shared.bus.nats_errors import NATS_ERRORS
from shared.bus.topology import REQUESTS
from shared.contracts.rpc.status import LoggerBacklog
from shared.errors import Unavailable, describe_error

log = logging.getLogger(__name__)

BATCH = 100
"""Messages of one fetch; a router puts up to hundreds of records into each."""
RETRY_S = 1.0
WARN_AFTER_S = 10.0
"""A bus that does not answer for this long is worth a warning; a shorter while is a busy machine."""
NAME = "inference-logger"
REQUEST_SUBJECTS = "penstock.requests.v1.>"
BACKLOG_WITHIN_S = 0.5
"""Whoever asks how the platform is waits no longer than a second for everything."""


@dataclass(frozen=True)
class CommitPolicy:
    """When what has come together is committed."""

    interval: timedelta = timedelta(seconds=1)
    bytes: int = 32 * 1024 * 1024


@dataclass
class StreamOutage:
    """For how long the stream could not be read."""

    since: float | None = None

    def level(self, now: float) -> int:
        """The log level of a failure at `now` (monotonic seconds)."""
        self.since = now if self.since is None else self.since
        return logging.WARNING if now - self.since >= WARN_AFTER_S else logging.INFO

    def end(self) -> None:
        """It was read."""
        self.since = None


class RequestSink:
    """`REQUESTS` → payload tables. After a kill it continues behind what is committed."""

    def __init__(self, bus: Bus, stores: Stores, waiting: WaitingTableRetries, policy: CommitPolicy) -> None:
        self.bus = bus
        self.stores = stores
        self.waiting = waiting
        self.policy = policy
        self._outage = StreamOutage()
        self._checkpoint: Checkpoint | None = None
        self._taken: list[Msg] = []

    async def run(self) -> None:
        """Read and commit until cancelled; while the bus or the database is away, retry every second."""
        await self.bus.connected()
        while True:
            try:
                await self._read_stream()
            except OwnershipChanged as error:
                log.info("requests are read anew: %s", error.message)
            except (Unavailable, *NATS_ERRORS) as error:
                level = self._outage.level(self.stores.clock.monotonic())
                log.log(level, "requests wait: %s", describe_error(error))
                await self.stores.clock.sleep(RETRY_S)

    async def backlog(self) -> LoggerBacklog | None:
        """What is not in the tables yet; None while that cannot be found out."""
        checkpoint, taken = self._checkpoint, len(self._taken)
        if checkpoint is None:
            return None
        try:
            async with asyncio.timeout(BACKLOG_WITHIN_S):
                state = (await self.bus.js.stream_info(REQUESTS)).state
                waiting = max(0, state.last_seq - max(checkpoint.sequence, state.first_seq - 1))
                oldest = await self._stored_at(checkpoint.sequence + 1) if waiting else None
        except (Unavailable, TimeoutError, *NATS_ERRORS):
            return None
        now = self.stores.clock.now()
        age_s = None if oldest is None else max(0.0, (now - oldest).total_seconds())
        return LoggerBacklog(pending=max(0, waiting - taken), unacked=min(taken, waiting), oldest_age_s=age_s)

    async def _stored_at(self, sequence: int) -> datetime | None:
        found = await self.bus.js.get_msg(REQUESTS, sequence, subject=REQUEST_SUBJECTS, next=True)
        return found.time

    async def _read_stream(self) -> None:
        await self.stores.ownership.enter_epoch()
        stream = await stream_identity(self.bus.js, REQUESTS)
        checkpoint = await self._begin(stream)
        unread = _Unread()
        since = self.stores.clock.monotonic()
        after = max(checkpoint.sequence, stream.first_seq - 1)
        async for messages in read_stream(self.bus.js, REQUESTS, after, batch=BATCH):
            self._outage.end()
            self.stores.ownership.require_current()
            since = since if unread.last else self.stores.clock.monotonic()
            unread.add(messages, self.stores.ownership)
            self._checkpoint, self._taken = checkpoint, unread.own
            if unread.last and self._is_due(unread.own, since):
                checkpoint = await self._commit(checkpoint, unread.own, unread.last)
                unread = _Unread()
                self._checkpoint, self._taken = checkpoint, unread.own
            await self.waiting.recover_and_park(self.bus.js, checkpoint)

    async def _begin(self, stream: StreamIdentity) -> Checkpoint:
        """Where to read on; at the beginning, in a new epoch, when the stream is not the one that was read."""
        now = self.stores.clock.now()
        database, js = self.stores.database, self.bus.js
        found, why = await find_checkpoint(database, js, stream)
        checkpoint = found or await self._first_checkpoint(stream, now)
        if why is not None:
            log.warning("stream %s was set back or damaged: %s; it is read from its beginning", REQUESTS, why)
            checkpoint = checkpoint.next_epoch(now)
        info = await js.stream_info(REQUESTS)
        async with self.stores.ownership.note_transaction() as session:
            tables = await positions.find_waiting_tables(session)
            for location, table in tables.items():
                if table.stream != checkpoint.name:
                    tables[location] = table.on_stream(checkpoint.name)
            await positions.save_waiting_tables(session, tables.values())
            own = await self.stores.ownership.begin(session, checkpoint, now)
        owned = {place: table for place, table in tables.items() if self.stores.ownership.owns(table.key.service)}
        self.waiting.load(owned, info.config.max_bytes or 0)
        return own

    async def _first_checkpoint(self, stream: StreamIdentity, now: datetime) -> Checkpoint:
        """Of a stream that was never read: what it holds may be in tables already.

        One that was made anew knows no message ids: a spool may send what the old one had stored. And one that was
        there before its checkpoint was, had one that is lost.
        """
        name = checkpoint_name(stream)
        async with self.stores.database.read() as session:
            replaced = await positions.has_other_checkpoint(session, name)
        doubtful_until = stream.created + DOUBTFUL_FOR if replaced else now if stream.last_seq else None
        return Checkpoint(name, doubtful_until=doubtful_until)

    def _is_due(self, unread: Sequence[Msg], since: float) -> bool:
        late = self.stores.clock.monotonic() - since >= self.policy.interval.total_seconds()
        return late or sum(len(message.data) for message in unread) >= self.policy.bytes

    async def _commit(self, before: Checkpoint, messages: Sequence[Msg], reached: Msg) -> Checkpoint:
        batch = _Gathered()
        for message in messages:
            await self._read(message, before, batch)
        last = reached.metadata
        upto = replace(before, sequence=last.sequence.stream, stored_at=last.timestamp)
        await self._hand_on(batch.messages, upto)
        found = StreamBatch(batch.messages, before, upto, batch.counts, batch.lost)
        self.waiting.update(await commit_batch(self.stores, found, self.waiting.tables))
        return upto

    async def _hand_on(self, messages: Sequence[ReceivedMessage], upto: Checkpoint) -> None:
        """To log topics, before they are noted as read: a kill in between hands them on once more."""
        try:
            await publish_topics(self.bus, messages, upto.name)
        except* Unavailable as errors:
            raise Unavailable(describe_error(errors.exceptions[0])) from errors

    async def _read(self, message: Msg, checkpoint: Checkpoint, batch: _Gathered) -> None:
        """Its records, or, as a dead letter, that they are lost; what it counts."""
        service, metadata = message.subject.rpartition(".")[2], message.metadata
        try:
            records = read_message(message.data, service)
        except UnreadableMessage as error:
            await dead_letter(self.bus.js, NAME, message, str(error))
            if not (checkpoint.epoch and checkpoint.is_doubtful(metadata.timestamp)):  # else it may be counted already
                found = unreadable_records(message.data)
                batch.lost.update(lost_records(found, service, DEAD_LETTER, metadata.timestamp))
            return
        batch.counts += [] if records else read_counts(message.data, service)
        doubtful = is_retry(message.headers) or checkpoint.is_doubtful(metadata.timestamp)
        batch.messages.append(ReceivedMessage(metadata.sequence.stream, records, doubtful, len(message.data)))


@dataclass
class _Unread:
    """What came since the last commit: messages of its own, and the last one of all."""

    own: list[Msg] = field(default_factory=list)
    last: Msg | None = None

    def add(self, messages: Sequence[Msg], ownership: Ownership) -> None:
        """Without what another replica stores, or has stored."""
        self.last = messages[-1] if messages else self.last
        self.own += (message for message in messages if _is_own(message, ownership))


def _is_own(message: Msg, ownership: Ownership) -> bool:
    service = message.subject.rpartition(".")[2]
    return ownership.owns(service) and message.metadata.sequence.stream > ownership.floor(service)


@dataclass
class _Gathered:
    """What messages hold."""

    messages: list[ReceivedMessage] = field(default_factory=list)
    counts: list[SourceCounts] = field(default_factory=list)
    lost: Lost = field(default_factory=Counter)
