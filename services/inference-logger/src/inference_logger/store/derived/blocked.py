"""Derived tables that cannot be written for now, as SQL."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from inference_logger.domain.tables import TableKey
from inference_logger.domain.waiting import WaitingTable
from inference_logger.store.tables import BlockedDerivationRow


async def find_blocked(session: AsyncSession, service: str | None = None) -> dict[str, WaitingTable]:
    """By location. Their positions are in their own logs, so that those here are 0."""
    table: Any = BlockedDerivationRow
    wanted = select(table).order_by(table.location)
    wanted = wanted if service is None else wanted.where(table.service == service)
    return {row.location: _to_waiting_table(row) for row in (await session.execute(wanted)).scalars()}


def _to_waiting_table(row: BlockedDerivationRow) -> WaitingTable:
    key = TableKey(row.service, row.destination, row.kind)
    return WaitingTable(key, row.location, "", 0, row.reason, row.since, rows=row.rows)


async def save_blocked(session: AsyncSession, table: WaitingTable) -> None:
    """Note that it waits, and why."""
    key = table.key
    await session.merge(
        BlockedDerivationRow(
            location=table.location,
            service=key.service,
            destination=key.destination,
            kind=key.kind,
            reason=table.reason,
            since=table.since,
            rows=table.rows,
        )
    )


async def delete_blocked(session: AsyncSession, location: str) -> None:
    """It is written again, or gone."""
    row = await session.get(BlockedDerivationRow, location)
    if row is not None:
        await session.delete(row)
