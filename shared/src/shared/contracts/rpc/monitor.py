"""RPC methods of the monitor: metrics, log lines and events."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from shared.contracts.base import Contract
from shared.contracts.rpc.method import RpcMethod


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
    is_oldest_first: bool = False
    is_settled: bool = False
    limit: int = Field(default=100, ge=1, le=1000)
    cursor: str | None = None


class LogEntry(Contract):
    """One stored log line; (pod, run, offset) names it."""

    at: datetime
    version: str
    pod: str
    run: int
    offset: int | None = Field(default=None, description="Its first byte in what that run of the pod printed.")
    text: str
    request_id: str | None = None


class LogPage(Contract):
    """Log lines and where to go on."""

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
LOGS = RpcMethod("monitor", "logs", LogsQuery, LogPage)
EVENTS = RpcMethod("monitor", "events", EventsQuery, EventPage)
