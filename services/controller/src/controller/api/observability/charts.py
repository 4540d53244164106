"""What a page of charts needs in one call: many services' traffic as numbers, many metrics of one service as series."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from controller.api.dependencies import CurrentPrincipal, Dependencies, must_exist
from controller.api.observability.metrics_events import PodName
from controller.domain.commands import ServiceName
from controller.domain.services.chart_ranges import chart_range
from controller.domain.times import Moment
from controller.store.services.listing import names_of_services
from shared.contracts.rpc.monitor import (
    CHARTS,
    SUMMARIES,
    ChartSeries,
    ChartSeriesList,
    ChartsQuery,
    SummariesQuery,
    TrafficSummaries,
    TrafficSummary,
)

router = APIRouter(tags=["observability"])

MOST_SERVICES = 100
WITHIN_S = 15.0
"""Seven days of many pods are a second's work for the monitor, and it yields to callers."""


class ChartFilter(BaseModel):
    """Which series: the last hour, by version, unless asked otherwise."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    metrics: str = Field(
        pattern=r"^[a-z][a-z0-9_]{0,63}(,[a-z][a-z0-9_]{0,63}){0,31}$",
        description="Names with commas between them: requests_per_second,latency_p99,responses_by_class; "
        "docs/metrics.md has all of them.",
    )
    from_time: Moment | None = Field(default=None, alias="from", description="ISO-8601 with a zone.")
    to_time: Moment | None = Field(default=None, alias="to", description="ISO-8601 with a zone; now by default.")
    step: int | None = Field(
        default=None,
        ge=10,
        le=86_400,
        description="Seconds: 10 (of the last hour alone) or a multiple of 60; by default what fits the range.",
    )
    by: Literal["version", "pod", "none"] = Field(default="version", description="What series are told apart by.")
    version: str | None = None
    pod: PodName | None = None


class ChartsView(BaseModel):
    """Series of equal length: `values[i]` is of the step that starts at `from` + `i` × `step_s`; null is a gap."""

    model_config = ConfigDict(populate_by_name=True)

    from_time: datetime = Field(serialization_alias="from")
    to_time: datetime = Field(serialization_alias="to", description="The end of the last step.")
    step_s: int
    series: list[ChartSeries]


class SparklineView(BaseModel):
    """Requests per second, minute by minute; null: nothing was measured."""

    model_config = ConfigDict(populate_by_name=True)

    from_time: datetime = Field(serialization_alias="from")
    step_s: int
    values: list[float | None]


class ServiceSummaryView(BaseModel):
    """What the traffic of a service is now; null: nothing was measured."""

    service: str
    requests_per_second: float | None = Field(description="In the last minute.")
    latency_p99_ms: float | None = Field(description="Of the last 15 minutes.")
    errors_per_second: float | None = Field(description="Answers 5xx in the last minute.")
    sparkline: SparklineView


class ServiceSummariesView(BaseModel):
    """In the order of the names; without names newest first."""

    items: list[ServiceSummaryView]


Names = Annotated[
    list[ServiceName],
    Query(max_length=MOST_SERVICES, description="May be repeated; the newest services by default."),
]


@router.get("/service-summaries", response_model=ServiceSummariesView)
async def service_summaries(deps: Dependencies, principal: CurrentPrincipal, name: Names = []) -> ServiceSummariesView:  # noqa: B006 - FastAPI copies it
    """Requests/s, errors/s, p99 and 15 minutes of requests of up to 100 services; those that the caller may not see
    are left out.
    """
    wanted = tuple(dict.fromkeys(name))
    async with deps.read_session() as session:
        found = await names_of_services(session, principal.projects, wanted or None, MOST_SERVICES)
    shown = tuple(service for service in wanted or found if service in found)
    if not shown:
        return ServiceSummariesView(items=[])
    answer = await deps.call(SUMMARIES, SummariesQuery(services=shown), TrafficSummaries, within_s=WITHIN_S)
    return ServiceSummariesView(items=[_summary_view(summary) for summary in answer.items])


@router.get("/services/{service}/charts", response_model=ChartsView)
async def service_charts(service: str, deps: Dependencies, wanted: Annotated[ChartFilter, Query()]) -> ChartsView:
    """Several metrics of a service in one answer, by version, by pod or altogether."""
    await must_exist(deps, service, wanted.version)
    steps = chart_range(wanted.from_time, wanted.to_time, wanted.step, deps.clock.now())
    query = ChartsQuery(
        service=service,
        version=wanted.version,
        pod=wanted.pod,
        metrics=tuple(dict.fromkeys(wanted.metrics.split(","))),
        from_time=steps.start,
        step_s=steps.step_s,
        count=steps.count,
        by=wanted.by,
    )
    answer = await deps.call(CHARTS, query, ChartSeriesList, within_s=WITHIN_S)
    return ChartsView(from_time=steps.start, to_time=steps.end, step_s=steps.step_s, series=list(answer.series))


def _summary_view(summary: TrafficSummary) -> ServiceSummaryView:
    p99, line = summary.latency_p99_s, summary.sparkline
    return ServiceSummaryView(
        service=summary.service,
        requests_per_second=summary.requests_per_second,
        latency_p99_ms=None if p99 is None else round(p99 * 1000, 3),
        errors_per_second=summary.errors_per_second,
        sparkline=SparklineView(from_time=line.from_time, step_s=line.step_s, values=list(line.values)),
    )
