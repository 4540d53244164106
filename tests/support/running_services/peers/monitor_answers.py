"""The monitor, as far as a controller asks it."""

from __future__ import annotations

from collections.abc import Callable

from shared.bus import Bus
from shared.clock import SystemClock
from shared.contracts.canaries import CanaryVerdict
from shared.contracts.rpc.canaries import (
    CANARY_BASELINE,
    CANARY_VERDICT,
    CanaryBaseline,
    CanaryBaselineQuery,
    CanaryVerdictQuery,
)
from shared.contracts.rpc.monitor import (
    CHARTS,
    EVENTS,
    LOG_CONTEXT,
    LOGS,
    METRICS,
    SUMMARIES,
    ChartSeries,
    ChartSeriesList,
    ChartsQuery,
    EventEntry,
    EventPage,
    EventsQuery,
    LogContextQuery,
    LogEntry,
    LogPage,
    LogsQuery,
    MetricsQuery,
    Series,
    SeriesList,
    Sparkline,
    SummariesQuery,
    TrafficSummaries,
    TrafficSummary,
)


class MonitorAnswers:
    """Answers about logs, events and metrics; a test says which."""

    def __init__(self, nats_url: str) -> None:
        self.monitor = Bus("monitor", nats_url, clock=SystemClock(), owns_streams=True)
        self.asked_logs: list[LogsQuery] = []
        self.asked_charts: list[ChartsQuery] = []
        self.stored: Callable[[LogsQuery], LogPage] | None = None
        self.monitor.serve(LOGS, self._logs)
        self.monitor.serve(LOG_CONTEXT, self._log_context)
        self.monitor.serve(EVENTS, self._events)
        self.monitor.serve(METRICS, self._metrics)
        self.monitor.serve(CHARTS, self._charts)
        self.monitor.serve(SUMMARIES, self._summaries)
        self.judged: list[CanaryVerdictQuery] = []
        self.verdict: CanaryVerdict | None = None
        self.monitor.serve(CANARY_BASELINE, self._canary_baseline)
        self.monitor.serve(CANARY_VERDICT, self._canary_verdict)

    async def _logs(self, query: LogsQuery) -> LogPage:
        self.asked_logs.append(query)
        if self.stored is not None:
            return self.stored(query)
        assert (query.search, query.limit) == ("hello", 5)
        text = f"hello {query.version}"
        return LogPage(items=(LogEntry(at=SystemClock().now(), version="v1", pod="p", run=0, text=text),))

    async def _log_context(self, query: LogContextQuery) -> LogPage:
        pod, run, offset = query.id.split(":")
        at, place = SystemClock().now(), {"pod": pod, "run": int(run), "offset": int(offset)}
        return LogPage(items=(LogEntry(at=at, version="v1", text=f"{query.lines} each way", **place),))

    async def _events(self, query: EventsQuery) -> EventPage:
        now = SystemClock().now()
        entry = EventEntry(
            first_seen=now,
            last_seen=now,
            level="info",
            resource_kind="pod",
            resource_name="p",
            reason="Ready",
            message=query.service,
            count=1,
        )
        return EventPage(items=(entry,))

    async def _metrics(self, query: MetricsQuery) -> SeriesList:
        assert (query.to_time - query.from_time).total_seconds() == 3600
        series = Series(labels={"version": query.version or "all"}, points=((60, 1.5),))
        return SeriesList(metric=query.metric, unit="1/s", series=(series,))

    async def _charts(self, query: ChartsQuery) -> ChartSeriesList:
        self.asked_charts.append(query)
        values = (1.5, *[None] * (query.count - 1))
        return ChartSeriesList(
            series=tuple(ChartSeries(metric=name, unit="1/s", version="v1", values=values) for name in query.metrics)
        )

    async def _summaries(self, query: SummariesQuery) -> TrafficSummaries:
        line = Sparkline(from_time=SystemClock().now(), values=(0.5, None))
        rates = {"requests_per_second": 1.5, "errors_per_second": 0.0, "latency_p99_s": 0.0241}
        return TrafficSummaries(
            items=tuple(TrafficSummary(service=name, sparkline=line, **rates) for name in query.services)
        )

    async def _canary_baseline(self, query: CanaryBaselineQuery) -> CanaryBaseline:
        return CanaryBaseline(requests=0)

    async def _canary_verdict(self, query: CanaryVerdictQuery) -> CanaryVerdict:
        self.judged.append(query)
        now = SystemClock().now()
        return self.verdict or CanaryVerdict(decision="error", reason="nothing was measured", at=now)
