"""Metrics and events, which the monitor owns."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from controller.api.dependencies import ApiDependencies, Dependencies, must_exist
from controller.api.pagination import Page
from controller.domain.times import Moment
from shared.contracts.rpc.monitor import (
    EVENTS,
    METRICS,
    EventEntry,
    EventPage,
    EventsQuery,
    MetricsQuery,
    SeriesList,
)
from shared.errors import InvalidInput

router = APIRouter(tags=["observability"])

PodName = Annotated[str, Field(max_length=253, pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$")]
PageSize = Annotated[int, Field(ge=1, le=1000)]
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


async def _metrics(deps: ApiDependencies, service: str, version: str | None, wanted: MetricFilter) -> SeriesList:
    await must_exist(deps, service, version)
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
    await must_exist(deps, service, version)
    query = EventsQuery(service=service, version=version, limit=wanted.page_size, cursor=wanted.cursor)
    page = await deps.call(EVENTS, query, EventPage)
    return Page(items=list(page.items), next_cursor=page.next_cursor)


def _range(wanted: MetricFilter, now: datetime) -> tuple[datetime, datetime]:
    end = wanted.to_time or now
    start = wanted.from_time or end - timedelta(hours=1)
    if start >= end:
        raise InvalidInput("from must lie before to")
    return start, end
