"""Blocks of entries: merged into, read, deleted."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from sqlalchemy import ColumnElement, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from monitor.domain.metrics.blocks import pack, unpack
from monitor.domain.metrics.entries import NOTHING, Entries, Kind, joined, rolled, spread
from monitor.store.metrics.samples import Span, storable
from monitor.store.tables import BlockRow

T = TypeVar("T")

_BLOCK: Any = BlockRow
Block = tuple[str, int, Entries]
"""The service, the start, what it holds."""
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
        merged = await beside(_with_minutes, data, service, hour, part)
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


async def beside(work: Callable[..., T], data: bytes | None, *arguments: Any) -> T:
    """Work on a block: a large one's in a thread, so that nobody waits for it; a small one's at once: it costs less."""
    if data and len(data) > LARGE:
        return await asyncio.to_thread(work, data, *arguments)
    return work(data, *arguments)


def _with_minutes(data: bytes | None, service: str, start: int, new: Entries) -> bytes:
    known = unpack(data, service, start, MINUTES.step_s) if data else NOTHING
    return pack(rolled(joined((known, new)), MINUTES.step_s), start, MINUTES.step_s)


@dataclass(frozen=True)
class HourPart:
    """What a service's block of a tier is to have of the hour that starts at `hour`."""

    service: str
    tier: Tier
    hour: int
    entries: Entries


def with_hour(data: bytes | None, part: HourPart) -> bytes:
    """A block with this in place of what it has of the hour."""
    tier, hour = part.tier, part.hour
    start = hour // tier.span_s * tier.span_s
    known = unpack(data, part.service, start, tier.step_s) if data else NOTHING
    others = known.where((known.at < hour) | (known.at >= hour + MINUTES.span_s))
    return pack(rolled(joined((others, part.entries)), tier.step_s), start, tier.step_s)


async def read_blocks(session: AsyncSession, tier: Tier, span: Span) -> list[Entries]:
    """What the blocks of a tier have; of hours that are not rolled up yet, their minutes.

    By the minute, hours whose minutes are no longer kept have their five minutes, spread.
    """
    is_by_minute = tier == MINUTES
    finer = await read_tier(session, MINUTES, span, is_unrolled=not is_by_minute)
    hours = hours_of(finer)
    parts = [found for _, _, found in finer]
    if not is_by_minute or any(span.since < min(hours[name], default=span.until) for name in span.services):
        for service, _, found in await read_tier(session, FIVE_MINUTES if is_by_minute else tier, span):
            rest = without_hours(found, hours[service])
            parts.append(spread(rest, FIVE_MINUTES.step_s, MINUTES.step_s) if is_by_minute else rest)
    return [part.between(span.since, span.until) for part in parts]


def hours_of(blocks: Iterable[Block]) -> dict[str, list[int]]:
    """By service, the hours that blocks of minutes are of."""
    hours: dict[str, list[int]] = defaultdict(list)
    for service, start, _ in blocks:
        hours[service].append(start)
    return hours


def without_hours(entries: Entries, hours: Collection[int]) -> Entries:
    """Only what is in none of these hours."""
    if not hours:
        return entries
    return entries.where(~np.isin(entries.at // MINUTES.span_s * MINUTES.span_s, list(hours)))


async def read_tier(session: AsyncSession, tier: Tier, span: Span, *, is_unrolled: bool = False) -> list[Block]:
    """The blocks of a tier, in order; or only those that are not in blocks of longer steps as they are now."""
    wanted = select(_BLOCK.service, _BLOCK.start, _BLOCK.data).where(
        _BLOCK.kind == span.kind, *within(_BLOCK, tier, span)
    )
    if is_unrolled:
        wanted = wanted.where(_BLOCK.is_rolled.is_(False))
    return await unpacked((await session.execute(wanted.order_by(_BLOCK.start))).all(), tier)


def within(table: Any, tier: Tier, span: Span) -> tuple[ColumnElement[bool], ...]:
    """Conditions for rows of a tier that can have something of a span."""
    return (
        table.step_s == tier.step_s,
        table.service.in_(span.services),
        table.start > storable(span.since - tier.span_s),
        table.start < storable(span.until),
    )


async def unpacked(rows: Sequence[Any], tier: Tier) -> list[Block]:
    """Blocks from rows of service, start and bytes; in a thread."""
    return await asyncio.to_thread(
        lambda: [(service, start, unpack(data, service, start, tier.step_s)) for service, start, data in rows]
    )


async def delete_blocks(session: AsyncSession, tier: Tier, before: int) -> None:
    """Delete blocks of a tier that ended before then, and are rolled up."""
    old = _BLOCK.start < storable(before - tier.span_s)
    await session.execute(delete(BlockRow).where(_BLOCK.step_s == tier.step_s, old, _BLOCK.is_rolled.is_(True)))
