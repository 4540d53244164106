"""Checkpoints of streams and the positions of tables that wait, as SQL."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from inference_logger.domain.streams import Checkpoint
from inference_logger.domain.tables import TableKey
from inference_logger.domain.waiting import WaitingTable
from inference_logger.store.tables import CheckpointRow, PositionRow


async def read_checkpoint(session: AsyncSession, stream: str) -> Checkpoint | None:
    """Up to where the stream was read; None at the start."""
    row = await session.get(CheckpointRow, stream)
    if row is None:
        return None
    return Checkpoint(row.stream, row.sequence, row.epoch, row.stored_at, row.doubtful_until)


async def has_other_checkpoint(session: AsyncSession, stream: str) -> bool:
    """Whether another stream was read before this one."""
    table: Any = CheckpointRow
    found = await session.execute(select(table.stream).where(table.stream != stream).limit(1))
    return found.first() is not None


async def set_checkpoint(session: AsyncSession, new: Checkpoint, at: datetime) -> None:
    """Move the checkpoint on; back only with a new epoch."""
    row = await session.get(CheckpointRow, new.stream)
    if row is None:
        row = CheckpointRow(stream=new.stream, sequence=new.sequence, committed_at=at)
        session.add(row)
    elif (new.epoch, new.sequence) < (row.epoch, row.sequence):
        return
    row.sequence, row.committed_at, row.epoch = new.sequence, at, new.epoch
    row.stored_at, row.doubtful_until = new.stored_at, new.doubtful_until


async def find_waiting_tables(session: AsyncSession, service: str | None = None) -> dict[str, WaitingTable]:
    """Tables that wait, by location."""
    table: Any = PositionRow
    wanted = select(table).order_by(table.location)
    wanted = wanted if service is None else wanted.where(table.service == service)
    return {row.location: _to_waiting_table(row) for row in (await session.execute(wanted)).scalars()}


def _to_waiting_table(row: PositionRow) -> WaitingTable:
    return WaitingTable(
        key=TableKey(row.service, row.destination, row.kind),
        location=row.location,
        stream=row.stream,
        sequence=row.sequence,
        reason=row.reason,
        since=row.since,
        rows=row.rows,
        stream_bytes=row.stream_bytes,
        parked_upto=row.parked_upto,
        dropped=row.dropped,
        moved=row.moved,
    )


async def save_waiting_tables(session: AsyncSession, tables: Iterable[WaitingTable]) -> None:
    """Note where waiting tables are."""
    for table in tables:
        await session.merge(
            PositionRow(
                location=table.location,
                service=table.key.service,
                destination=table.key.destination,
                kind=table.key.kind,
                stream=table.stream,
                sequence=table.sequence,
                reason=table.reason,
                since=table.since,
                rows=table.rows,
                stream_bytes=table.stream_bytes,
                parked_upto=table.parked_upto,
                dropped=table.dropped,
                moved=dict(table.moved),
            )
        )


async def delete_position(session: AsyncSession, location: str) -> None:
    """The table is at the checkpoint again."""
    row = await session.get(PositionRow, location)
    if row is not None:
        await session.delete(row)
