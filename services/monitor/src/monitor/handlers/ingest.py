"""What comes in over the bus is stored: samples, log lines, facts as events."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from monitor.domain.events import event_line_of
from monitor.domain.metrics.fields import rows_of_traffic, rows_of_usage
from monitor.store import event_list, log_lines
from monitor.store.metrics.samples import add_measured, claim_uncounted
from shared.contracts.metrics.samples import PodOutput, TrafficSample, UsageSample
from shared.contracts.rpc.monitor import RECENT_STEP_S


async def store_samples(session: AsyncSession, traffic: Sequence[TrafficSample], usage: Sequence[UsageSample]) -> None:
    """Keep samples by 10 s, from where they are packed; a traffic sample that was counted before changes nothing."""
    fresh = await claim_uncounted(session, traffic)
    await add_measured(session, (rows_of_traffic(sample, RECENT_STEP_S) for sample in fresh))
    await add_measured(session, (rows_of_usage(sample, RECENT_STEP_S) for sample in usage))


async def store_output(session: AsyncSession, outputs: Sequence[PodOutput]) -> None:
    """Keep log lines, each once."""
    await log_lines.add_lines(session, outputs)


async def record_fact(session: AsyncSession, event: Any, at: datetime) -> None:
    """Count a fact in the event list."""
    line = event_line_of(event)
    if line is not None:
        await event_list.count_event(session, line, at)
