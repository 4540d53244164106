"""A waiting table that keeps too much of the stream: its oldest records go to the parking area, or are dropped."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace

from nats.js import JetStreamContext

from inference_logger.domain.accounting import Lost, lost_records
from inference_logger.domain.streams import Checkpoint
from inference_logger.domain.tables import TableShare, split_by_table
from inference_logger.domain.waiting import WaitingTable
from inference_logger.handlers.purge import is_filling, purge_parked
from inference_logger.handlers.stores import Stores, read_catalogue_state, table_rows_dropped
from inference_logger.store import counts, positions
from inference_logger.store.stream import read_service
from shared.bus.outbox import publish

log = logging.getLogger(__name__)

PARKING_FULL = "parking_full"
PARKING_UNWRITABLE = "parking_unwritable"


async def park_records(
    stores: Stores, js: JetStreamContext, table: WaitingTable, checkpoint: Checkpoint
) -> WaitingTable:
    """Move the oldest records that it has in the stream; returns where the table is then.

    Where the disk cannot take them they stay in the stream, until that is three quarters full.
    """
    messages, upto = await read_service(js, table.key.service, table.read_from, checkpoint)
    found = split_by_table(messages, stores.tables.default_root).get(table.key, TableShare())
    kept = found.after((await read_catalogue_state(stores.database)).purged.get(table.key.service))
    reason = await _park(stores, table, kept, upto)
    if reason == PARKING_UNWRITABLE and not await is_filling(js):
        return table
    dropped = kept.count if reason else 0
    parked = replace(
        table,
        parked_upto=upto,
        stream_bytes=max(0, table.stream_bytes - found.size),
        rows=max(0, table.rows - dropped - (found.count - kept.count)),
        dropped=table.dropped + dropped,
    )
    async with stores.ownership.note_transaction() as session:
        await positions.save_waiting_tables(session, [parked])
        if dropped:
            log.error("%d records of table %s are dropped: %s", dropped, table.key.name, reason)
            await publish(session, table_rows_dropped(parked, dropped, reason or ""))
            await counts.note_lost(session, _lost(kept, table, reason or ""))
    if dropped:
        stores.metrics.count_dropped(parked, dropped, reason or "")
    await purge_parked(stores.database, js, parked.key.service, checkpoint)
    return parked


def _lost(share: TableShare, table: WaitingTable, reason: str) -> Lost:
    records = [record for _, record in (*share.records, *share.retried)]
    return lost_records(records, table.key.service, reason, table.since)


async def _park(stores: Stores, table: WaitingTable, share: TableShare, upto: int) -> str | None:
    """None when it is parked, else why not."""
    if not share.count:
        return None
    try:
        return None if await asyncio.to_thread(stores.parking.park, table, share, upto) else PARKING_FULL
    except OSError as error:
        log.warning("records of table %s cannot be parked: %s", table.key.name, error)
        return PARKING_UNWRITABLE
