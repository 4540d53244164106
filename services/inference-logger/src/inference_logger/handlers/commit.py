"""A batch of the stream goes to its tables. A table that cannot be written waits, the others go on."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from inference_logger.domain.accounting import Lost, SourceCounts
from inference_logger.domain.streams import Checkpoint
from inference_logger.domain.tables import ReceivedMessage, TableKey, TableShare, app_id, is_remote, split_by_table
from inference_logger.domain.waiting import WaitingTable
from inference_logger.handlers.stores import CatalogueState, Stores, note_commit, read_catalogue_state, table_blocked
from inference_logger.store import counts, positions
from inference_logger.store.delta.bounded import Unwritable
from inference_logger.store.delta.commits import CommitResult
from shared.bus.outbox import publish

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class StreamBatch:
    """Messages of the stream between two checkpoints."""

    messages: Sequence[ReceivedMessage]
    before: Checkpoint
    upto: Checkpoint
    counts: Sequence[SourceCounts] = ()
    """What routers say of minutes."""
    lost: Lost = field(default_factory=Counter)
    """Records of messages that cannot be read."""


async def commit_batch(
    stores: Stores, batch: StreamBatch, waiting: Mapping[str, WaitingTable]
) -> dict[str, WaitingTable]:
    """Append a batch to its tables, then note it; returns the waiting tables that are new or have grown.

    May be repeated, and killed anywhere, without a row lost or doubled. What a service had logged before it was deleted
    with its tables is left out. Raises `Unavailable` for the database, and where replicas share the tables anew, alone:
    nothing is noted then.
    """
    stores.ownership.require_current()
    async with stores.tables.append_lock:
        work = _BatchCommit(stores, batch, waiting, await read_catalogue_state(stores.database))
        shares = work.shares()
        async with asyncio.TaskGroup() as appends:
            for key, share in shares.items():
                appends.create_task(work.append(key, share), name=f"append to {key.name}")
        work.follow_moves(shares)
        await work.note()
        return work.changed


@dataclass
class _BatchCommit:
    """One batch on its way, and what became of it so far."""

    stores: Stores
    batch: StreamBatch
    waiting: Mapping[str, WaitingTable]
    catalogue: CatalogueState
    done: list[tuple[TableKey, CommitResult]] = field(default_factory=list)
    changed: dict[str, WaitingTable] = field(default_factory=dict)
    newly_blocked: list[WaitingTable] = field(default_factory=list)

    def shares(self) -> dict[TableKey, TableShare]:
        shares = split_by_table(self.batch.messages, self.stores.tables.default_root)
        kept = {key: share.after(self.catalogue.purged.get(key.service)) for key, share in shares.items()}
        return {key: share for key, share in kept.items() if share.count}

    async def append(self, key: TableKey, share: TableShare) -> None:
        location = self.stores.tables.location(key)
        if location in self.waiting:
            self.changed[location] = self.waiting[location].with_share(share)
            return
        upto = self.batch.upto
        name = app_id(upto.name, key.service)
        try:
            self._require_settled(key, location)
            committed = await self.stores.writer.append(key, share, name, upto.sequence, self.catalogue.locations)
        except Unwritable as error:
            log.warning("table %s at %s cannot be written, it waits: %s", key.name, location, error.message)
            at = self.stores.clock.now()
            table = WaitingTable(key, location, upto.name, self.batch.before.sequence, error.message, at)
            self.changed[location] = table.with_share(share)
            self.newly_blocked.append(table)
        else:
            self.done.append((key, committed))
            self.stores.derivations.rows_added(key)

    def _require_settled(self, key: TableKey, location: str) -> None:
        """A removal in an object store holds no lock: it may take long."""
        if is_remote(location) and key.service in self.catalogue.removing:
            raise Unwritable("the tables of an earlier service of that name are being removed")

    def follow_moves(self, shares: Mapping[TableKey, TableShare]) -> None:
        for location, before in {**self.waiting, **self.changed}.items():
            after = before.with_moves(shares)
            if after != before:
                self.changed[location] = after

    def _kept_counts(self) -> list[SourceCounts]:
        """Not of what a service had until it was deleted."""
        purged = self.catalogue.purged
        return [one for one in self.batch.counts if one.service not in purged or one.minute > purged[one.service]]

    async def note(self) -> None:
        at = self.stores.clock.now()
        self.stores.ownership.require_current()  # a table that was refused to this process is not blocked
        async with self.stores.ownership.noting() as session:
            for key, committed in self.done:
                await note_commit(session, key, committed, at)
            for table in self.newly_blocked:
                await publish(session, table_blocked(table))
            await positions.save_waiting_tables(session, self.changed.values())
            await counts.note_counts(session, self._kept_counts())
            await counts.note_lost(session, self.batch.lost)
            await self.stores.ownership.note_position(session, self.batch.upto, at)
