"""The bus: facts and calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from monitor.consumers.bulk import OUTPUT_DURABLE
from monitor.domain.events import WORDINGS
from monitor.domain.metrics.port import MetricStore
from monitor.handlers import events as event_handlers
from monitor.handlers import ingest
from monitor.handlers import logs as log_handlers
from monitor.handlers.alerts.observe import observe_fact
from monitor.handlers.metrics import charts, dense_charts, summaries
from shared import events
from shared.bus import Bus
from shared.bus.bulk import wait_until_consumed
from shared.clock import Clock
from shared.contracts.rpc.monitor import (
    CHARTS,
    EVENTS,
    LOG_CONTEXT,
    LOGS,
    METRICS,
    SUMMARIES,
    ChartSeriesList,
    ChartsQuery,
    EventPage,
    EventsQuery,
    LogContextQuery,
    LogPage,
    LogsQuery,
    MetricsQuery,
    SeriesList,
    SummariesQuery,
    TrafficSummaries,
)
from shared.database import Database

SETTLED_WITHIN_S = 2.0
RULE_FACTS = (events.TrafficChanged, events.ServiceDeleted, events.VersionUpdated, events.VersionRolledBack)
"""Facts after which another model may answer, or nobody: baselines of training data belong to one."""


def subscribe(
    bus: Bus, database: Database, clock: Clock, store: MetricStore, rules_changed: Callable[[], None]
) -> None:
    """Declare what the monitor consumes and answers. `rules_changed`: rules, or what they are about, may be others."""

    async def fact(event: Any, session: AsyncSession) -> None:
        await ingest.record_fact(session, event, clock.now())
        await observe_fact(session, event, clock.now())
        if isinstance(event, RULE_FACTS):
            rules_changed()

    async def rule_fact(_event: Any, _session: AsyncSession) -> None:
        rules_changed()

    async def event_list(query: EventsQuery) -> EventPage:
        async with database.read() as session:
            return await event_handlers.list_events(session, query)

    handlers: dict[type[events.Event], Any] = dict.fromkeys((*WORDINGS, events.PodNoted), fact)
    bus.consume("monitor-events", handlers | dict.fromkeys((events.MonitorDefined, events.MonitorDeleted), rule_fact))
    bus.serve(EVENTS, event_list)
    _serve_numbers(bus, store, clock)
    _serve_lines(bus, database)


def _serve_numbers(bus: Bus, store: MetricStore, clock: Clock) -> None:
    async def metrics(query: MetricsQuery) -> SeriesList:
        return await charts.read_chart(store, query, int(clock.now().timestamp()))

    async def charts_of(query: ChartsQuery) -> ChartSeriesList:
        return await dense_charts.read_charts(store, query, clock.now())

    async def summaries_of(query: SummariesQuery) -> TrafficSummaries:
        return await summaries.read_summaries(store, query, clock.now())

    bus.serve(METRICS, metrics)
    bus.serve(CHARTS, charts_of)
    bus.serve(SUMMARIES, summaries_of)


def _serve_lines(bus: Bus, database: Database) -> None:
    async def logs(query: LogsQuery) -> LogPage:
        if query.is_settled:
            await wait_until_consumed(bus.js, "LOGS", OUTPUT_DURABLE, SETTLED_WITHIN_S)
        async with database.read() as session:
            return await log_handlers.search_logs(session, query)

    async def log_context(query: LogContextQuery) -> LogPage:
        async with database.read() as session:
            return await log_handlers.lines_around(session, query)

    bus.serve(LOGS, logs)
    bus.serve(LOG_CONTEXT, log_context)
