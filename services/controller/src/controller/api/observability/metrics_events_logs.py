"""Metrics, events and logs, which the monitor owns; following logs comes straight from the bus, as SSE."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import StreamingResponse

from controller.api.dependencies import ApiDependencies, Dependencies
from controller.api.observability.live_logs import LogSelection, follow_logs
from controller.api.pagination import Page
from controller.api.permissions import reauthorize
from controller.domain.times import Moment
from controller.store.services.services import load_service
from shared.contracts.rpc.monitor import (
    EVENTS,
    LOGS,
    METRICS,
    EventEntry,
    EventPage,
    EventsQuery,
    LogEntry,
    LogPage,
    LogsQuery,
    MetricsQuery,
    SeriesList,
)
from shared.errors import Detail, InvalidInput
from shared.http import request_id_of

router = APIRouter(tags=["observability"])

_FOLLOWED: dict[int | str, dict[str, Any]] = {200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}}

PodName = Annotated[str, Field(max_length=253, pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$")]
PageSize = Annotated[int, Field(ge=1, le=1000)]
RequestId = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[^,\x00-\x20]*$")]
Cursor = Annotated[str, Field(max_length=512)]


class _Filter(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class MetricFilter(_Filter):
    """Which series: the last hour by the minute, unless asked otherwise."""

    metric: str = Field(
        pattern=r"^[a-z][a-z0-9_]{0,63}$",
        description="requests_per_second, latency_p99, in_flight, cpu_cores, …; docs/metrics.md has all of them.",
    )
    from_time: Moment | None = Field(default=None, alias="from", description="ISO-8601 with a zone.")
    to_time: Moment | None = Field(default=None, alias="to", description="ISO-8601 with a zone; now by default.")
    step: int = Field(default=60, ge=60, le=86_400, description="Seconds.")
    pod: PodName | None = None


class ServiceMetricFilter(MetricFilter):
    """The same for a service, optionally of one version."""

    version: str | None = None


class EventFilter(_Filter):
    """Which events."""

    page_size: PageSize = 100
    cursor: Cursor | None = None


class ServiceEventFilter(EventFilter):
    """The same for a service, optionally of one version."""

    version: str | None = None


class LogFilter(_Filter):
    """Which log lines; with `follow` those printed from now on, as server-sent events.

    Those that `lines` or `from` ask for come first.
    """

    pod: PodName | None = None
    from_time: Moment | None = Field(default=None, alias="from", description="ISO-8601 with a zone.")
    to_time: Moment | None = Field(default=None, alias="to", description="ISO-8601 with a zone.")
    search: Annotated[str, Field(max_length=256)] | None = None
    request_id: RequestId | None = Field(default=None, description="Printed while this request was answered.")
    follow: bool = False
    lines: int = Field(
        default=0, ge=0, le=1000, description="With follow: so many that were printed before come first."
    )
    page_size: PageSize = 100
    cursor: Cursor | None = None


class ServiceLogFilter(LogFilter):
    """The same for a service, optionally of one version."""

    version: str | None = None


@router.get("/services/{service}/metrics", response_model=SeriesList)
async def service_metrics(
    service: str, deps: Dependencies, wanted: Annotated[ServiceMetricFilter, Query()]
) -> SeriesList:
    """One metric of a service as series over time."""
    return await _metrics(deps, service, wanted.version, wanted)


@router.get("/services/{service}/versions/{version}/metrics", response_model=SeriesList)
async def version_metrics(
    service: str, version: str, deps: Dependencies, wanted: Annotated[MetricFilter, Query()]
) -> SeriesList:
    """One metric of a version as series over time."""
    return await _metrics(deps, service, version, wanted)


@router.get("/services/{service}/events", response_model=Page[EventEntry])
async def service_events(
    service: str, deps: Dependencies, wanted: Annotated[ServiceEventFilter, Query()]
) -> Page[EventEntry]:
    """What happened to a service and its versions and pods, last seen first."""
    return await _events(deps, service, wanted.version, wanted)


@router.get("/services/{service}/versions/{version}/events", response_model=Page[EventEntry])
async def version_events(
    service: str, version: str, deps: Dependencies, wanted: Annotated[EventFilter, Query()]
) -> Page[EventEntry]:
    """What happened to a version and its pods, last seen first."""
    return await _events(deps, service, version, wanted)


@router.get("/services/{service}/logs", response_model=Page[LogEntry], responses=_FOLLOWED)
async def service_logs(
    service: str, deps: Dependencies, wanted: Annotated[ServiceLogFilter, Query()], request: Request
) -> Page[LogEntry] | Response:
    """Lines that the pods of a service printed, newest first; with `follow` as they come."""
    return await _logs(request, deps, service, wanted.version, wanted)


@router.get("/services/{service}/versions/{version}/logs", response_model=Page[LogEntry], responses=_FOLLOWED)
async def version_logs(
    service: str, version: str, deps: Dependencies, wanted: Annotated[LogFilter, Query()], request: Request
) -> Page[LogEntry] | Response:
    """Lines that the pods of one version printed, newest first; with `follow` as they come."""
    return await _logs(request, deps, service, version, wanted)


async def _metrics(deps: ApiDependencies, service: str, version: str | None, wanted: MetricFilter) -> SeriesList:
    await _must_exist(deps, service, version)
    start, end = _range(wanted, deps.clock.now())
    query = MetricsQuery(
        service=service,
        version=version,
        pod=wanted.pod,
        metric=wanted.metric,
        from_time=start,
        to_time=end,
        step_s=wanted.step,
    )
    return await deps.call(METRICS, query, SeriesList)


async def _events(deps: ApiDependencies, service: str, version: str | None, wanted: EventFilter) -> Page[EventEntry]:
    await _must_exist(deps, service, version)
    query = EventsQuery(service=service, version=version, limit=wanted.page_size, cursor=wanted.cursor)
    page = await deps.call(EVENTS, query, EventPage)
    return Page(items=list(page.items), next_cursor=page.next_cursor)


async def _logs(
    request: Request, deps: ApiDependencies, service: str, version: str | None, wanted: LogFilter
) -> Page[LogEntry] | Response:
    await _must_exist(deps, service, version)
    if wanted.follow:
        _must_be_followable(wanted)

        async def must_be_allowed() -> None:
            await reauthorize(request)
            await _must_exist(deps, service, version)

        filters = wanted.model_dump(include={"pod", "search", "request_id", "lines", "from_time"})
        followed = LogSelection(service, version, **filters)
        lines = await follow_logs(deps, followed, must_be_allowed, request_id_of(request))
        headers = {"cache-control": "no-cache", "x-accel-buffering": "no"}
        return StreamingResponse(lines, media_type="text/event-stream", headers=headers)
    if "lines" in wanted.model_fields_set:
        raise InvalidInput("lines goes with follow", [Detail(("query", "lines"), "only with follow; use page_size")])
    query = LogsQuery(
        service=service,
        version=version,
        limit=wanted.page_size,
        **wanted.model_dump(include={"pod", "from_time", "to_time", "search", "request_id", "cursor"}),
    )
    page = await deps.call(LOGS, query, LogPage)
    return Page(items=list(page.items), next_cursor=page.next_cursor)


def _must_be_followable(wanted: LogFilter) -> None:
    """Refuse what only a list of stored lines can heed: who follows must not take what comes for what was asked."""
    ignored = sorted(wanted.model_fields_set & {"to_time", "cursor", "page_size"})
    if wanted.from_time is not None and wanted.lines:
        ignored.append("lines")
    if ignored:
        names = [field.removesuffix("_time") for field in ignored]
        details = [Detail(("query", name), "not with follow") for name in names]
        if names == ["lines"]:
            raise InvalidInput("Who follows begins at a time (from) or so many lines back (lines), not both", details)
        raise InvalidInput(f"follow has no end and no pages: it takes no {' and no '.join(names)}", details)


async def _must_exist(deps: ApiDependencies, service: str, version: str | None) -> None:
    async with deps.read_session() as session:
        stored = await load_service(session, service)
        if version is not None:
            stored.version(version)


def _range(wanted: MetricFilter, now: datetime) -> tuple[datetime, datetime]:
    end = wanted.to_time or now
    start = wanted.from_time or end - timedelta(hours=1)
    if start >= end:
        raise InvalidInput("from must lie before to")
    return start, end
