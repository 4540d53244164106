"""What a canary is compared with, and the verdict on it, out of the measurements of both versions."""

from __future__ import annotations

from datetime import datetime

from monitor.domain.canaries.counts import requests_of, threshold_at
from monitor.domain.canaries.verdict import judge_canary
from monitor.domain.canaries.windows import CanaryWindow, compared_intervals, traffic_of, window_of
from monitor.domain.metrics.entries import Entries
from monitor.domain.metrics.port import MetricStore
from monitor.handlers.canaries.quality import CanaryQuality
from shared.contracts.canaries import CanaryVerdict, LatencyBaseline
from shared.contracts.rpc.canaries import CanaryBaseline, CanaryBaselineQuery, CanaryVerdictQuery


async def freeze_baseline(store: MetricStore, query: CanaryBaselineQuery, now: datetime) -> CanaryBaseline:
    """The stable version's percentiles in the span; none where too little was measured."""
    window = window_of(query.from_time.timestamp(), min(query.to_time, now).timestamp())
    total = traffic_of(await _entries(store, query.service, window, now), query.version, window)
    p95, p99 = threshold_at(total.latency, 0.95), threshold_at(total.latency, 0.99)
    requests = requests_of(total)
    if requests < query.min_requests or p95 is None or p99 is None:
        return CanaryBaseline(requests=requests)
    return CanaryBaseline(
        requests=requests, baseline=LatencyBaseline(requests=requests, p95_s=p95, p99_s=p99, frozen_at=now)
    )


async def judge(store: MetricStore, labels: CanaryQuality, query: CanaryVerdictQuery, now: datetime) -> CanaryVerdict:
    """The verdict by what was reported until now."""
    window = window_of(query.stages[0].from_time.timestamp() + query.warm_up_s, now.timestamp())
    traffic, latency = await _entries(store, query.service, window, now)
    intervals = compared_intervals(traffic, latency, window, query.stages, (query.canary, query.stable))
    return judge_canary(query, intervals, now, await labels.read(query, window))


async def _entries(store: MetricStore, service: str, window: CanaryWindow, now: datetime) -> tuple[Entries, Entries]:
    """Traffic and latency of the service."""
    steps = window.steps(int(now.timestamp()))
    return await store.read("traffic", (service,), steps), await store.read("latency", (service,), steps)
