"""Known percentiles: kept beside the blocks of latencies, read in place of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Mapping
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
from sqlalchemy import and_, delete, exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from monitor.domain.metrics.blocks import pack, unpack
from monitor.domain.metrics.entries import Entries
from monitor.domain.metrics.percentiles import LEVELS, percentiles_of
from monitor.domain.metrics.series import By
from monitor.store.metrics.blocks import (
    FIVE_MINUTES,
    HOURS,
    LONGER,
    MINUTES,
    Block,
    HourPart,
    Tier,
    beside,
    hours_of,
    read_tier,
    unpacked,
    with_hour,
    within,
    without_hours,
)
from monitor.store.metrics.samples import Span, storable
from monitor.store.tables import BlockRow, PercentilesRow

Key = tuple[By, int]
"""A level and the length of the steps."""

_BLOCK: Any = BlockRow
_ROW: Any = PercentilesRow
_OF_BLOCK = and_(_ROW.step_s == _BLOCK.step_s, _ROW.service == _BLOCK.service, _ROW.start == _BLOCK.start)

MADE_OF: Mapping[Tier, Tier] = {
    **{Tier(step_s, FIVE_MINUTES.span_s): FIVE_MINUTES for step_s in (FIVE_MINUTES.step_s, 900, 1800)},
    HOURS: HOURS,
}
"""The steps whose percentiles are kept (those that charts have by themselves), and the blocks that they are of."""


def known_tier(step_s: int) -> Tier | None:
    """The tier of known percentiles that has these steps."""
    return next((tier for tier in MADE_OF if tier.step_s == step_s), None)


async def replace_percentiles(session: AsyncSession, block: BlockRow, part: HourPart) -> None:
    """Those of an hour's sketches in place of what is known of it; of the whole block where nothing is known yet."""
    tiers = _tiers_of(part.tier.step_s)
    wanted = select(PercentilesRow).where(
        _ROW.step_s.in_([tier.step_s for tier in tiers]), _ROW.service == block.service, _ROW.start == block.start
    )
    known = {(row.level, row.step_s): row for row in (await session.execute(wanted)).scalars()}
    if len(known) < len(LEVELS) * len(tiers):
        await _put_whole(session, block)
        return
    packed = {key: row.data for key, row in known.items()}
    for key, data in (await beside(_with_hour, block.data, packed, part)).items():
        known[key].data = data


def _tiers_of(step_s: int) -> list[Tier]:
    """What is kept of a block."""
    return [tier for tier, sketches in MADE_OF.items() if sketches.step_s == step_s]


def _with_hour(_: bytes, known: Mapping[Key, bytes], part: HourPart) -> dict[Key, bytes]:
    found = {}
    for level, tier in product(LEVELS, _tiers_of(part.tier.step_s)):
        entries = percentiles_of(part.entries, level, tier.step_s)
        key = level, tier.step_s
        found[key] = with_hour(known[key], replace(part, tier=tier, entries=entries))
    return found


async def _put_whole(session: AsyncSession, block: BlockRow) -> None:
    found = await beside(_of_block, block.data, block.service, block.start, block.step_s)
    for (level, step_s), data in found.items():
        await session.merge(
            PercentilesRow(level=level, step_s=step_s, service=block.service, start=block.start, data=data)
        )


def _of_block(data: bytes, service: str, start: int, step_s: int) -> dict[Key, bytes]:
    sketches = unpack(data, service, start, step_s)
    return {
        (level, tier.step_s): pack(percentiles_of(sketches, level, tier.step_s), start, tier.step_s)
        for level, tier in product(LEVELS, _tiers_of(step_s))
    }


async def fill_percentiles(session: AsyncSession, limit: int) -> int:
    """Read those of `limit` blocks that have none: of releases before. Returns how many there were."""
    wanted = select(BlockRow).where(
        _BLOCK.kind == "latency",
        _BLOCK.step_s.in_([tier.step_s for tier in LONGER]),
        ~exists().where(_OF_BLOCK, _ROW.level == LEVELS[-1]),
    )
    found = (await session.execute(wanted.limit(limit))).scalars().all()
    for block in found:
        await _put_whole(session, block)
    return len(found)


async def read_percentiles(session: AsyncSession, tier: Tier, span: Span, by: By, recent: Entries) -> list[Entries]:
    """What is known; sketches of hours that are not rolled up, and of blocks without percentiles.

    `tier`: one of `MADE_OF`. `recent`: sketches that are in no block; percentiles that lack them give way to sketches.
    """
    finer = await read_tier(session, MINUTES, span, is_unrolled=True)
    hours, late = hours_of(finer), _hours_by_service(recent)
    wanted = select(_ROW.service, _ROW.start, _ROW.data).where(_ROW.level == by, *within(_ROW, tier, span))
    known = {}
    for service, start, found in await unpacked((await session.execute(wanted.order_by(_ROW.start))).all(), tier):
        rest = without_hours(found, hours[service])
        if len(without_hours(rest, late[service])) == len(rest):
            known[service, start] = rest
    others = await _other_blocks(session, MADE_OF[tier], span, known)
    sketches = [without_hours(found, hours[service]) for service, _, found in others]
    parts = [*(found for _, _, found in finer), *known.values(), *sketches]
    return [part.between(span.since, span.until) for part in parts]


def _hours_by_service(entries: Entries) -> dict[str, set[int]]:
    hours: dict[str, set[int]] = defaultdict(set)
    for at, owner in np.unique(
        np.stack((entries.at // MINUTES.span_s * MINUTES.span_s, entries.owner)), axis=1
    ).T.tolist():
        hours[entries.series[owner].service].add(at)
    return hours


async def _other_blocks(
    session: AsyncSession, tier: Tier, span: Span, known: Container[tuple[str, int]]
) -> list[Block]:
    """The blocks of sketches but for these."""
    conditions = (_BLOCK.kind == span.kind, *within(_BLOCK, tier, span))
    there = {
        (service, start)
        for service, start in await session.execute(select(_BLOCK.service, _BLOCK.start).where(*conditions))
    }
    missing = {key for key in there if key not in known}
    if not missing:
        return []
    services, starts = ({key[place] for key in missing} for place in (0, 1))
    wanted = select(_BLOCK.service, _BLOCK.start, _BLOCK.data).where(
        *conditions, _BLOCK.service.in_(services), _BLOCK.start.in_(starts)
    )
    rows = (await session.execute(wanted.order_by(_BLOCK.start))).all()
    return await unpacked([row for row in rows if (row.service, row.start) in missing], tier)


async def delete_percentiles(session: AsyncSession, tier: Tier, before: int) -> None:
    """Delete those of a tier's blocks that ended before then."""
    steps_s = [each.step_s for each in _tiers_of(tier.step_s)]
    old = _ROW.start < storable(before - tier.span_s)
    await session.execute(delete(PercentilesRow).where(_ROW.step_s.in_(steps_s), old))
