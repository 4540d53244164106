"""A table that waited catches up: first what is parked, then the stream from its own position to the checkpoint."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, replace

from nats.js import JetStreamContext

from inference_logger.domain.accounting import lost_records
from inference_logger.domain.streams import Checkpoint
from inference_logger.domain.tables import TableKey, TableShare, app_id, split_by_table
from inference_logger.domain.waiting import WaitingTable, error_reason
from inference_logger.handlers.stores import (
    CatalogueState,
    Stores,
    note_commit,
    read_catalogue_state,
    table_recovered,
    table_rows_dropped,
)
from inference_logger.store import counts, positions
from inference_logger.store.delta.bounded import Unwritable
from inference_logger.store.delta.commits import CommitResult
from inference_logger.store.parking import ParkedSegment
from inference_logger.store.stream import read_service
from shared.bus.outbox import publish
from shared.errors import Unavailable
from shared.storage.destinations import NoDestination

log = logging.getLogger(__name__)

PARKING_DAMAGED = "parking_damaged"


@dataclass(frozen=True)
class _RecoveryPiece:
    """The next records of a table, up to a position of a stream."""

    share: TableShare
    stream: str
    upto: int
    segment: ParkedSegment | None = None
    damaged: int = 0


async def recover_table(
    stores: Stores, js: JetStreamContext, table: WaitingTable, checkpoint: Checkpoint
) -> WaitingTable | None:
    """Write the next piece; None when the table is at the checkpoint.

    Raises `Unwritable`; `Unavailable` for the bus and the database. May be repeated, and killed anywhere.
    """
    async with stores.tables.append_lock:
        found = await read_catalogue_state(stores.database)
        if table.key.service in found.removing:
            raise Unwritable("its service was deleted; the table is being removed")
        piece = await _next_piece(stores, js, table, checkpoint)
        if piece is not None:
            table = await _write(stores, table, piece, found)
        if piece is None or (piece.segment is None and table.read_from >= checkpoint.sequence):
            await _finish(stores, table)
            return None
        return table


async def _next_piece(
    stores: Stores, js: JetStreamContext, table: WaitingTable, checkpoint: Checkpoint
) -> _RecoveryPiece | None:
    segments = await asyncio.to_thread(stores.parking.segments, table)
    if segments:
        share, damaged = await asyncio.to_thread(segments[0].read)
        return _RecoveryPiece(share, segments[0].stream, segments[0].last, segments[0], damaged)
    if table.read_from >= checkpoint.sequence:
        return None
    messages, upto = await read_service(js, table.key.service, table.read_from, checkpoint)
    share = split_by_table(messages, stores.tables.default_root).get(table.key, TableShare())
    return _RecoveryPiece(share, table.stream, upto)


async def _write(stores: Stores, table: WaitingTable, piece: _RecoveryPiece, found: CatalogueState) -> WaitingTable:
    kept = piece.share.after(found.purged.get(table.key.service))
    done = await _append(stores, table, replace(piece, share=kept), found) if kept.count else None
    is_own = piece.stream == table.stream  # a segment of an earlier epoch says nothing of this one's positions
    sequence = piece.upto if is_own else table.sequence
    size = 0 if piece.segment else piece.share.size
    table = replace(
        table.with_written(sequence, piece.share.count + piece.damaged, size), dropped=table.dropped + piece.damaged
    )
    async with stores.ownership.note_transaction() as session:
        if done is not None:
            await note_commit(session, *done, stores.clock.now())
            stores.derivations.rows_added(done[0])
        if piece.damaged:
            await publish(session, table_rows_dropped(table, piece.damaged, PARKING_DAMAGED))
            lost = lost_records([None] * piece.damaged, table.key.service, PARKING_DAMAGED, table.since)
            await counts.note_lost(session, lost)
        await positions.save_waiting_tables(session, [table])
    if piece.damaged:
        stores.metrics.count_dropped(table, piece.damaged, PARKING_DAMAGED)
    if piece.segment is not None:
        await asyncio.to_thread(piece.segment.remove)
    return table


async def _append(
    stores: Stores, table: WaitingTable, piece: _RecoveryPiece, found: CatalogueState
) -> tuple[TableKey, CommitResult]:
    """To the table itself, or, when it still fails, to where its versions log by now. Raises `Unwritable`."""
    name = app_id(piece.stream, table.key.service)
    try:
        return table.key, await stores.writer.append(table.key, piece.share, name, piece.upto, found.locations)
    except Unwritable:
        successor = _successor(table)
        if successor is None:
            raise
    return successor, await _append_there(stores, table, successor, piece, found)


def _successor(table: WaitingTable) -> TableKey | None:
    return None if table.successor is None else replace(table.key, destination=table.successor)


async def _append_there(
    stores: Stores, table: WaitingTable, successor: TableKey, piece: _RecoveryPiece, found: CatalogueState
) -> CommitResult:
    own = app_id(piece.stream, table.key.service)
    written = await _written_there(stores, table, own)
    name = app_id(piece.stream, table.key.service, moved_from=table.location)
    return await stores.writer.append(successor, piece.share.behind(written), name, piece.upto, found.locations)


async def _written_there(stores: Stores, table: WaitingTable, app_id: str) -> int:
    """Up to where the table has everything: a killed logger's last commit. 0 where its destination is gone for good."""
    try:
        storage = await stores.storages.of(table.location)
    except NoDestination:
        return 0
    except Unavailable as error:
        raise Unwritable(error_reason(error)) from error
    return await storage.run(stores.tables.position, table.key, app_id, storage)


async def _finish(stores: Stores, table: WaitingTable) -> None:
    async with stores.ownership.note_transaction() as session:
        await positions.delete_position(session, table.location)
        await publish(session, table_recovered(table))
    await asyncio.to_thread(stores.parking.clear, table)
    log.info("table %s at %s has everything again", table.key.name, table.location)


async def note_reason(stores: Stores, table: WaitingTable) -> None:
    """It fails for another reason now."""
    async with stores.ownership.note_transaction() as session:
        await positions.save_waiting_tables(session, [table])
