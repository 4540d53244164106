"""RPC methods of the monitor: metrics, log lines and events."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from pydantic import Field, computed_field

from shared.contracts.base import Contract
from shared.contracts.rpc.method import RpcMethod
from shared.logs.levels import Level

RECENT_STEP_S = 10
"""The shortest step of a chart: routers and the scheduler send a sample so often."""
RECENT_KEPT = timedelta(minutes=65)
"""So far back its steps reach: an hour, and what passes until a question for it arrives."""


class MetricsQuery(Contract):
    """One metric of a service, optionally of one version or pod, as series over time."""

    service: str
    version: str | None = None
    pod: str | None = None
    metric: str
    from_time: datetime
    to_time: datetime
    step_s: int = Field(default=60, ge=60)


class Series(Contract):
    """One line of a chart: `points` are (unix seconds of the bucket's start, value)."""

    labels: dict[str, str]
    points: tuple[tuple[int, float], ...]


class SeriesList(Contract):
    """The answer to a `MetricsQuery`; `unit` is one of `1`, `1/s`, `s`, `bytes`, `bytes/s`, `cores`."""

    metric: str
    unit: str
    series: tuple[Series, ...]


class ChartsQuery(Contract):
    """Several metrics of a service over one range, as series of equal length.

    `from_time` is the start of the first step; `count` steps of `step_s` follow. Steps of 10 s reach back an hour.
    """

    service: str
    version: str | None = None
    pod: str | None = None
    metrics: tuple[str, ...]
    from_time: datetime
    step_s: int = Field(ge=RECENT_STEP_S)
    count: int = Field(ge=1)
    by: Literal["version", "pod", "none"] = "version"


class ChartSeries(Contract):
    """One line of a chart: `values[i]` is of the step that starts `i` steps after the first; null is a gap."""

    metric: str
    unit: str = Field(description="`1`, `1/s`, `s`, `bytes`, `bytes/s` or `cores`.")
    version: str | None = Field(
        default=None, description="Null where series are not by version, and of requests for which none was chosen."
    )
    pod: str | None = Field(default=None, description="Null where series are not by pod, and of what no pod got.")
    label: str | None = Field(default=None, description="Part of a metric that has parts: `2xx` to `5xx`.")
    values: tuple[float | None, ...]


class ChartSeriesList(Contract):
    """The answer to a `ChartsQuery`, in the order of its metrics."""

    series: tuple[ChartSeries, ...]


class SummariesQuery(Contract):
    """What the traffic of these services is now."""

    services: tuple[str, ...]


class Sparkline(Contract):
    """Requests per second, minute by minute; null: nothing was measured."""

    from_time: datetime
    step_s: int = 60
    values: tuple[float | None, ...]


class TrafficSummary(Contract):
    """What the traffic of one service is now; null: nothing was measured."""

    service: str
    requests_per_second: float | None
    errors_per_second: float | None
    latency_p99_s: float | None
    sparkline: Sparkline


class TrafficSummaries(Contract):
    """One for each service that was asked for, in that order."""

    items: tuple[TrafficSummary, ...]


class LogsQuery(Contract):
    """Log lines of a service, newest first, or `is_oldest_first`.

    `is_settled`: the answer holds every line that was printed before the question, which waits for that a moment.
    """

    service: str
    version: str | None = None
    pod: str | None = None
    from_time: datetime | None = None
    to_time: datetime | None = None
    search: str | None = Field(default=None, description="A word that the line contains, whatever its case.")
    request_id: str | None = Field(default=None, description="A request during which the line was printed.")
    regex: str | None = Field(default=None, description="An expression of RE2 that the line has a match of.")
    levels: tuple[Level, ...] = Field(default=(), description="Only lines of one of these levels.")
    is_oldest_first: bool = False
    is_settled: bool = False
    limit: int = Field(default=100, ge=1, le=1000)
    cursor: str | None = None


class LogContextQuery(Contract):
    """The lines around one: so many before and after it, of its pod."""

    service: str
    version: str | None = None
    id: str
    lines: int = Field(ge=0, le=1000)


class LogEntry(Contract):
    """One stored log line; (pod, run, offset) names it."""

    at: datetime
    version: str
    pod: str
    run: int
    offset: int | None = Field(default=None, description="Its first byte in what that run of the pod printed.")
    text: str
    request_id: str | None = None
    level: Level | None = Field(default=None, description="What the line says it is; null where it says nothing.")

    @computed_field(description="Names the line for good; for `around`. Its form may change.")  # type: ignore[prop-decorator]
    @property
    def id(self) -> str | None:
        """Pod, run and offset as one text."""
        return None if self.offset is None else f"{self.pod}:{self.run}:{self.offset}"


class LogPage(Contract):
    """Log lines and where to go on; a page may hold fewer than were asked for, even none, and have one after it."""

    items: tuple[LogEntry, ...]
    next_cursor: str | None = None


class EventsQuery(Contract):
    """Rolled-up events of a service, most recently seen first."""

    service: str
    version: str | None = None
    limit: int = Field(default=100, ge=1, le=1000)
    cursor: str | None = None


class EventEntry(Contract):
    """One kind of event on one resource; repeats are counted, not repeated."""

    first_seen: datetime
    last_seen: datetime
    level: Literal["info", "warning", "error"]
    resource_kind: Literal["service", "version", "pod"]
    resource_name: str
    version: str | None = None
    reason: str
    message: str
    count: int


class EventPage(Contract):
    """Events and where to go on."""

    items: tuple[EventEntry, ...]
    next_cursor: str | None = None


METRICS = RpcMethod("monitor", "metrics", MetricsQuery, SeriesList)
CHARTS = RpcMethod("monitor", "charts", ChartsQuery, ChartSeriesList)
SUMMARIES = RpcMethod("monitor", "summaries", SummariesQuery, TrafficSummaries)
LOGS = RpcMethod("monitor", "logs", LogsQuery, LogPage)
LOG_CONTEXT = RpcMethod("monitor", "log_context", LogContextQuery, LogPage)
EVENTS = RpcMethod("monitor", "events", EventsQuery, EventPage)
