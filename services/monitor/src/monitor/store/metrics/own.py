"""The monitor's own store: samples of now, blocks of before, and rows of releases before that."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from monitor.domain.metrics.entries import Entries, Kind, joined, rolled, spread
from monitor.domain.metrics.series import Steps
from monitor.store.metrics.blocks import FIVE_MINUTES, HOURS, MINUTES, Tier, read_blocks
from monitor.store.metrics.legacy import read_minutes
from monitor.store.metrics.samples import Span, read_measured
from shared.database import Database


@dataclass(frozen=True)
class OwnStore:
    """Reads in one consistent look: no sample twice and none missing, though they are packed meanwhile."""

    database: Database
    minutes_kept: timedelta

    async def read(self, kind: Kind, services: Collection[str], steps: Steps) -> Entries:
        """Entries by the longest steps kept that the asked ones are made of."""
        async with self.database.read() as session:
            return await read_entries(session, kind, services, steps, self.minutes_kept)

    async def close(self) -> None:
        """Nothing: the database is the service's."""


async def read_entries(
    session: AsyncSession, kind: Kind, services: Collection[str], steps: Steps, minutes_kept: timedelta
) -> Entries:
    """Entries of a kind; what is older than minutes are kept has steps of five minutes, spread over the asked ones."""
    if steps.step_s < MINUTES.step_s:
        return await read_measured(session, Span(kind, services, steps.start, steps.end))
    if session.get_bind().dialect.name == "postgresql" and not session.in_transaction():
        await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    tier, span = _tier(steps.step_s), Span(kind, services, steps.start, steps.end)
    oldest = steps.now - int(minutes_kept.total_seconds())
    kept = max(steps.start, min(steps.end, oldest // MINUTES.span_s * MINUTES.span_s))
    parts: list[Entries] = []
    if tier == MINUTES and kept > steps.start:
        older = await read_blocks(session, FIVE_MINUTES, replace(span, until=kept))
        parts += [spread(part, FIVE_MINUTES.step_s, MINUTES.step_s) for part in older]
    parts += await read_blocks(session, tier, replace(span, since=kept) if tier == MINUTES else span)
    parts.append(await read_minutes(session, span))
    parts.append(rolled(await read_measured(session, span, is_unpacked=True), MINUTES.step_s))
    return joined(parts)


def _tier(step_s: int) -> Tier:
    return next((tier for tier in (HOURS, FIVE_MINUTES) if step_s % tier.step_s == 0), MINUTES)
