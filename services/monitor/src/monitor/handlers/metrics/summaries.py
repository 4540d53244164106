"""Answers about the traffic of many services at once."""

from __future__ import annotations

from datetime import UTC, datetime

from monitor.domain.metrics.port import MetricStore
from monitor.domain.metrics.rollup import MINUTE_S
from monitor.domain.metrics.series import Steps
from monitor.domain.metrics.summaries import Measured, ServiceTraffic, SummaryWindow, summarised
from shared.contracts.rpc.monitor import RECENT_STEP_S, Sparkline, SummariesQuery, TrafficSummaries, TrafficSummary


async def read_summaries(store: MetricStore, query: SummariesQuery, now: datetime) -> TrafficSummaries:
    """One summary a service, in the order of the question."""
    window = SummaryWindow(int(now.timestamp()))
    start = window.sparkline_start
    minutes = Steps(start, MINUTE_S, (window.until - start) // MINUTE_S, window.now)
    last = Steps(window.recent_start, RECENT_STEP_S, MINUTE_S // RECENT_STEP_S, window.now)
    measured = Measured(
        traffic=await store.read("traffic", query.services, minutes),
        latency=await store.read("latency", query.services, minutes),
        counted=await store.read("replicas", query.services, minutes),
        recent=await store.read("traffic", query.services, last),
    )
    found = summarised(query.services, measured, window)
    return TrafficSummaries(items=tuple(_summary(name, found[name], window) for name in query.services))


def _summary(service: str, traffic: ServiceTraffic, window: SummaryWindow) -> TrafficSummary:
    return TrafficSummary(
        service=service,
        requests_per_second=traffic.requests_per_second,
        errors_per_second=traffic.errors_per_second,
        latency_p99_s=traffic.latency_p99_s,
        sparkline=Sparkline(from_time=datetime.fromtimestamp(window.sparkline_start, UTC), values=traffic.sparkline),
    )
