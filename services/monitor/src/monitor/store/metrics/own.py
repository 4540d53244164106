"""The monitor's own store: samples of now, blocks of before, and rows of releases before that."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from monitor.domain.metrics.entries import Entries, Kind, joined, rolled
from monitor.domain.metrics.series import By, Steps
from monitor.store.metrics.blocks import FIVE_MINUTES, HOURS, MINUTES, Tier, read_blocks
from monitor.store.metrics.legacy import read_minutes
from monitor.store.metrics.percentiles import known_tier, read_percentiles
from monitor.store.metrics.samples import Span, read_measured
from shared.database import Database


@dataclass(frozen=True)
class OwnStore:
    """Reads in one consistent look: no sample twice and none missing, though they are packed meanwhile."""

    database: Database

    async def read(self, kind: Kind, services: Collection[str], steps: Steps) -> Entries:
        """Entries by the longest steps kept that the asked ones are made of."""
        async with self.database.read() as session:
            return await read_entries(session, kind, services, steps)

    async def read_percentiles(self, services: Collection[str], steps: Steps, by: By) -> Entries:
        """Known percentiles where the asked steps have blocks, sketches elsewhere."""
        async with self.database.read() as session:
            tier = known_tier(steps.step_s)
            if tier is None or steps.start % tier.step_s:
                return await read_entries(session, "latency", services, steps)
            await _look_consistently(session)
            span = Span("latency", services, steps.start, steps.end)
            recent = await _not_in_blocks(session, span)
            return joined([*await read_percentiles(session, tier, span, by, recent), recent])

    async def close(self) -> None:
        """Nothing: the database is the service's."""


async def read_entries(session: AsyncSession, kind: Kind, services: Collection[str], steps: Steps) -> Entries:
    """Entries of a kind: from blocks, from rows of releases before, and from samples that are in no block yet."""
    if steps.step_s < MINUTES.step_s:
        return await read_measured(session, Span(kind, services, steps.start, steps.end))
    await _look_consistently(session)
    span = Span(kind, services, steps.start, steps.end)
    parts = await read_blocks(session, _tier(steps.step_s), span)
    return joined([*parts, await _not_in_blocks(session, span)])


async def _look_consistently(session: AsyncSession) -> None:
    if session.get_bind().dialect.name == "postgresql" and not session.in_transaction():
        await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})


async def _not_in_blocks(session: AsyncSession, span: Span) -> Entries:
    """Minutes of releases before, and samples that are not packed yet."""
    minutes = await read_minutes(session, span)
    return joined((minutes, rolled(await read_measured(session, span, is_unpacked=True), MINUTES.step_s)))


def _tier(step_s: int) -> Tier:
    return next((tier for tier in (HOURS, FIVE_MINUTES) if step_s % tier.step_s == 0), MINUTES)
