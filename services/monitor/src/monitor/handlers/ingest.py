"""What comes in over the bus is stored: samples as minutes, log lines, facts as events."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from monitor.domain.events import event_line_of
from monitor.domain.metrics.rollup import roll_replicas, roll_traffic, roll_usage
from monitor.store import event_list, log_lines
from monitor.store.metrics import minutes
from monitor.store.metrics.recent import add_recent
from shared.contracts.rpc.monitor import RECENT_STEP_S
from shared.contracts.samples import PodOutput, TrafficSample, UsageSample


async def store_samples(session: AsyncSession, traffic: Sequence[TrafficSample], usage: Sequence[UsageSample]) -> None:
    """Roll samples up into minutes, and keep them by 10 s; a traffic sample that was counted before changes nothing."""
    fresh = await minutes.claim_uncounted(session, traffic)
    await minutes.add_minutes(session, "traffic", roll_traffic(fresh))
    await minutes.add_minutes(session, "usage", roll_usage(usage))
    await minutes.add_minutes(session, "replicas", roll_replicas(usage))
    await add_recent(session, "traffic", (roll_traffic((sample,), RECENT_STEP_S) for sample in fresh))
    await add_recent(session, "usage", (roll_usage((sample,), RECENT_STEP_S) for sample in usage))
    await add_recent(session, "replicas", (roll_replicas((sample,), RECENT_STEP_S) for sample in usage))


async def store_output(session: AsyncSession, outputs: Sequence[PodOutput]) -> None:
    """Keep log lines, each once."""
    await log_lines.add_lines(session, outputs)


async def record_fact(session: AsyncSession, event: Any, at: datetime) -> None:
    """Count a fact in the event list."""
    line = event_line_of(event)
    if line is not None:
        await event_list.count_event(session, line, at)
