"""Minutes rolled up into blocks of longer steps, an hour of them at a time, once the hour is over."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from monitor.domain.metrics.blocks import unpack
from monitor.domain.metrics.entries import Kind, rolled
from monitor.store.metrics.blocks import LONGER, MINUTES, HourPart, beside, with_hour
from monitor.store.metrics.percentiles import replace_percentiles
from monitor.store.metrics.samples import storable
from monitor.store.tables import BlockRow

_BLOCK: Any = BlockRow


async def hours_to_roll(session: AsyncSession, before: int, limit: int) -> list[tuple[Kind, str, int]]:
    """Hours that were over before then and are not in the blocks of longer steps as they are now."""
    wanted = select(_BLOCK.kind, _BLOCK.service, _BLOCK.start).where(
        _BLOCK.is_rolled.is_(False), _BLOCK.start < storable(before - MINUTES.span_s)
    )
    return [(kind, service, start) for kind, service, start in await session.execute(wanted.limit(limit))]


async def roll_hour(session: AsyncSession, kind: Kind, service: str, hour: int) -> None:
    """Put an hour's minutes into the blocks of longer steps, in place of what these have of that hour.

    With latencies go their percentiles.
    """
    row = await session.get(BlockRow, (kind, MINUTES.step_s, service, hour))
    if row is None:
        return
    row.is_rolled = True
    minutes = unpack(row.data, service, hour, MINUTES.step_s)
    for tier in LONGER:
        start = hour // tier.span_s * tier.span_s
        part = HourPart(service, tier, hour, rolled(minutes, tier.step_s))
        block = await session.get(BlockRow, (kind, tier.step_s, service, start))
        data = await beside(with_hour, block.data if block else None, part)
        if block:
            block.data = data
        else:
            block = BlockRow(kind=kind, step_s=tier.step_s, service=service, start=start, is_rolled=True, data=data)
            session.add(block)
        if kind == "latency":
            await replace_percentiles(session, block, part)
