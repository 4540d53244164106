"""Answers about the traffic of many services at once."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from monitor.domain.metrics.rollup import MINUTE_S
from monitor.domain.metrics.summaries import ServiceTraffic, SummaryWindow, add_minutes, add_recent
from monitor.store.metrics.minutes import measured_minutes, read_span
from monitor.store.metrics.recent import read_recent
from shared.contracts.rpc.monitor import Sparkline, SummariesQuery, TrafficSummaries, TrafficSummary


async def read_summaries(session: AsyncSession, query: SummariesQuery, now: datetime) -> TrafficSummaries:
    """One summary a service, in the order of the question."""
    window = SummaryWindow(int(now.timestamp()))
    since, names = window.sparkline_start, query.services
    found: dict[str, ServiceTraffic] = defaultdict(ServiceTraffic)
    add_minutes(found, await read_span(session, "traffic", names, since, window.now + MINUTE_S))
    add_recent(found, await read_recent(session, "traffic", names, window.recent_start, window.recent_end))
    for service, minutes in (await measured_minutes(session, names, since)).items():
        found[service].counted = minutes
    return TrafficSummaries(items=tuple(_summary(name, found[name], window) for name in names))


def _summary(service: str, traffic: ServiceTraffic, window: SummaryWindow) -> TrafficSummary:
    requests, errors = traffic.rates(window)
    return TrafficSummary(
        service=service,
        requests_per_second=requests,
        errors_per_second=errors,
        latency_p99_s=traffic.latency_p99_s(),
        sparkline=Sparkline(
            from_time=datetime.fromtimestamp(window.sparkline_start, UTC), values=traffic.sparkline(window)
        ),
    )
