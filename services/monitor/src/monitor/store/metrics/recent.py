"""Traffic as one row of sums for each pod and 10 s of the last hour."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from sqlalchemy.ext.asyncio import AsyncSession

from monitor.domain.metrics.entries import joined
from monitor.domain.metrics.rollup import PodMinute, TrafficSums
from monitor.store.metrics.minutes import rows_of
from monitor.store.metrics.samples import Span, read_measured


async def read_recent(
    session: AsyncSession, kind: Literal["traffic"], services: Collection[str], since: int, until: int
) -> list[tuple[PodMinute, TrafficSums]]:
    """What began from `since` (unix seconds) up to and without `until`, by 10 s, in order."""
    return rows_of(
        joined(
            [
                await read_measured(session, Span(kind, services, since, until)),
                await read_measured(session, Span("latency", services, since, until)),
            ]
        )
    )
