"""What a canary is compared with, and the verdict on it, out of the measurements of both versions."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from monitor.domain.canaries.counts import requests_of, threshold_at
from monitor.domain.canaries.verdict import judge_canary
from monitor.domain.canaries.windows import CanaryWindow, compared_intervals, window_of
from monitor.domain.metrics.rollup import PodMinute, TrafficSums
from monitor.store.metrics.minutes import read_span
from monitor.store.metrics.recent import read_recent
from shared.contracts.canaries import CanaryVerdict, LatencyBaseline
from shared.contracts.rpc.monitor_canaries import CanaryBaseline, CanaryBaselineQuery, CanaryVerdictQuery


async def freeze_baseline(session: AsyncSession, query: CanaryBaselineQuery, now: datetime) -> CanaryBaseline:
    """The stable version's percentiles in the span; none where too little was measured."""
    window = window_of(query.from_time.timestamp(), now.timestamp())
    total = TrafficSums()
    for key, sums in await _traffic(session, query.service, window):
        if key.version == query.version and key.minute < query.to_time.timestamp():
            total.add(sums)
    p95, p99 = threshold_at(total, 0.95), threshold_at(total, 0.99)
    requests = requests_of(total)
    if requests < query.min_requests or p95 is None or p99 is None:
        return CanaryBaseline(requests=requests)
    return CanaryBaseline(
        requests=requests, baseline=LatencyBaseline(requests=requests, p95_s=p95, p99_s=p99, frozen_at=now)
    )


async def judge(session: AsyncSession, query: CanaryVerdictQuery, now: datetime) -> CanaryVerdict:
    """The verdict by what was reported until now."""
    window = window_of(query.stages[0].from_time.timestamp() + query.warm_up_s, now.timestamp())
    rows = await _traffic(session, query.service, window)
    return judge_canary(query, compared_intervals(rows, window, query.stages, query.canary, query.stable), now)


async def _traffic(session: AsyncSession, service: str, window: CanaryWindow) -> list[tuple[PodMinute, TrafficSums]]:
    read = read_recent if window.is_recent else read_span
    return await read(session, "traffic", (service,), window.since, window.until)
