"""What was measured as one row of sums for each pod and 10 s of the last hour."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from monitor.domain.metrics.entries import Kind, joined
from monitor.domain.metrics.rollup import PodMinute
from monitor.store.metrics.minutes import kinds_of, rows_of
from monitor.store.metrics.samples import Span, read_measured
from shared.contracts.rpc.monitor import RECENT_STEP_S


async def read_recent(
    session: AsyncSession, kind: Kind, services: Collection[str], since: int, until: int
) -> list[tuple[PodMinute, Any]]:
    """What began from `since` (unix seconds) up to and without `until`, by 10 s, in order."""
    found = [await read_measured(session, Span(each, services, since, until)) for each in kinds_of(kind)]
    return rows_of(kind, joined(found), RECENT_STEP_S)
