"""Blocks of entries: merged into, rolled up into those of longer steps, read."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from monitor.domain.metrics.blocks import pack, unpack
from monitor.domain.metrics.entries import NOTHING, Entries, Kind, joined, rolled, spread
from monitor.store.metrics.samples import Span, storable
from monitor.store.tables import BlockRow

_BLOCK: Any = BlockRow
LARGE = 100_000
"""Bytes of a block that takes some 20 ms."""


@dataclass(frozen=True)
class Tier:
    """Blocks that hold steps of `step_s` over `span_s` seconds each."""

    step_s: int
    span_s: int


MINUTES, FIVE_MINUTES, HOURS = Tier(60, 3600), Tier(300, 86_400), Tier(3600, 7 * 86_400)
LONGER = (FIVE_MINUTES, HOURS)
"""Made of minutes, an hour of them at a time, once the hour is over."""


async def merge_into_minutes(session: AsyncSession, parts: Mapping[tuple[Kind, str], Entries]) -> None:
    """Add entries by kind and service to the blocks of their hours; these are to be rolled up, or rolled up again."""
    wanted = [(key, hour, part) for key, entries in parts.items() for hour, part in _by_hour(entries)]
    known = await _known_minutes(session, {key for key, _, _ in wanted}, {hour for _, hour, _ in wanted})
    new: list[dict[str, Any]] = []
    changed: list[dict[str, Any]] = []
    for (kind, service), hour, part in wanted:
        data = known.get((kind, service, hour))
        merged = await _beside(_with_minutes, data, service, hour, part)
        row = {"kind": kind, "step_s": MINUTES.step_s, "service": service, "start": hour, "data": merged}
        (new if data is None else changed).append(row)
    if new:
        await session.execute(insert(BlockRow), [row | {"is_rolled": False} for row in new])
    if changed:
        await session.execute(update(BlockRow), [row | {"is_rolled": False} for row in changed])


def _by_hour(entries: Entries) -> list[tuple[int, Entries]]:
    hours = np.unique(entries.at // MINUTES.span_s * MINUTES.span_s).tolist()
    return [(hour, entries.between(hour, hour + MINUTES.span_s)) for hour in hours]


async def _known_minutes(
    session: AsyncSession, keys: Collection[tuple[Kind, str]], hours: Collection[int]
) -> dict[tuple[Kind, str, int], bytes]:
    wanted = select(_BLOCK.kind, _BLOCK.service, _BLOCK.start, _BLOCK.data).where(
        _BLOCK.kind.in_({kind for kind, _ in keys}),
        _BLOCK.step_s == MINUTES.step_s,
        _BLOCK.service.in_({service for _, service in keys}),
        _BLOCK.start.in_(hours),
    )
    return {(kind, service, hour): data for kind, service, hour, data in await session.execute(wanted)}


async def _beside(work: Callable[..., bytes], data: bytes | None, *arguments: Any) -> bytes:
    """A large block in a thread, so that nobody waits for it; a small one at once, which costs less."""
    if data and len(data) > LARGE:
        return await asyncio.to_thread(work, data, *arguments)
    return work(data, *arguments)


def _with_minutes(data: bytes | None, service: str, start: int, new: Entries) -> bytes:
    known = unpack(data, service, start, MINUTES.step_s) if data else NOTHING
    return pack(rolled(joined((known, new)), MINUTES.step_s), start, MINUTES.step_s)


async def hours_to_roll(session: AsyncSession, before: int, limit: int) -> list[tuple[Kind, str, int]]:
    """Hours that were over before then and are not in the blocks of longer steps as they are now."""
    wanted = select(_BLOCK.kind, _BLOCK.service, _BLOCK.start).where(
        _BLOCK.is_rolled.is_(False), _BLOCK.start < storable(before - MINUTES.span_s)
    )
    return [(kind, service, start) for kind, service, start in await session.execute(wanted.limit(limit))]


async def roll_hour(session: AsyncSession, kind: Kind, service: str, hour: int) -> None:
    """Put an hour's minutes into the blocks of longer steps, in place of what these have of that hour."""
    row = await session.get(BlockRow, (kind, MINUTES.step_s, service, hour))
    if row is None:
        return
    row.is_rolled = True
    minutes = unpack(row.data, service, hour, MINUTES.step_s)
    for tier in LONGER:
        start = hour // tier.span_s * tier.span_s
        block = await session.get(BlockRow, (kind, tier.step_s, service, start))
        data = await _beside(_with_hour, block.data if block else None, service, tier, minutes, hour)
        if block:
            block.data = data
        else:
            session.add(
                BlockRow(kind=kind, step_s=tier.step_s, service=service, start=start, is_rolled=True, data=data)
            )


def _with_hour(data: bytes | None, service: str, tier: Tier, minutes: Entries, hour: int) -> bytes:
    start = hour // tier.span_s * tier.span_s
    known = unpack(data, service, start, tier.step_s) if data else NOTHING
    others = known.where((known.at < hour) | (known.at >= hour + MINUTES.span_s))
    return pack(rolled(joined((others, rolled(minutes, tier.step_s))), tier.step_s), start, tier.step_s)


async def read_blocks(session: AsyncSession, tier: Tier, span: Span) -> list[Entries]:
    """What the blocks of a tier have; of hours that are not rolled up yet, their minutes.

    By the minute, hours whose minutes are no longer kept have their five minutes, spread.
    """
    is_by_minute = tier == MINUTES
    finer = await _read(session, MINUTES, span, is_unrolled=not is_by_minute)
    hours: dict[str, list[int]] = defaultdict(list)
    for service, start, _ in finer:
        hours[service].append(start)
    parts = [found for _, _, found in finer]
    if not is_by_minute or any(span.since < min(hours[name], default=span.until) for name in span.services):
        for service, _, found in await _read(session, FIVE_MINUTES if is_by_minute else tier, span):
            of_others = ~np.isin(found.at // MINUTES.span_s * MINUTES.span_s, hours[service])
            rest = found.where(of_others) if hours[service] else found
            parts.append(spread(rest, FIVE_MINUTES.step_s, MINUTES.step_s) if is_by_minute else rest)
    return [part.between(span.since, span.until) for part in parts]


async def _read(
    session: AsyncSession, tier: Tier, span: Span, *, is_unrolled: bool = False
) -> list[tuple[str, int, Entries]]:
    wanted = select(_BLOCK.service, _BLOCK.start, _BLOCK.data).where(
        _BLOCK.kind == span.kind,
        _BLOCK.step_s == tier.step_s,
        _BLOCK.service.in_(span.services),
        _BLOCK.start > storable(span.since - tier.span_s),
        _BLOCK.start < storable(span.until),
    )
    if is_unrolled:
        wanted = wanted.where(_BLOCK.is_rolled.is_(False))
    found = (await session.execute(wanted.order_by(_BLOCK.start))).all()
    return await asyncio.to_thread(
        lambda: [(service, start, unpack(data, service, start, tier.step_s)) for service, start, data in found]
    )


async def delete_blocks(session: AsyncSession, tier: Tier, before: int) -> None:
    """Delete blocks of a tier that ended before then, and are rolled up."""
    old = _BLOCK.start < storable(before - tier.span_s)
    await session.execute(delete(BlockRow).where(_BLOCK.step_s == tier.step_s, old, _BLOCK.is_rolled.is_(True)))
