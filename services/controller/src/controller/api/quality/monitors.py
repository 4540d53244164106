"""`/services/{s}/monitors`: quality rules, and the verdicts of their windows."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from controller.api.dependencies import Actor, ApiDependencies, Dependencies, IfMatch, json_answer
from controller.api.idempotency import PostRequest, no_preparation
from controller.api.pagination import Page
from controller.domain.quality.monitors import MonitorDefinition, NewMonitor
from controller.domain.times import Moment
from controller.handlers.quality import monitors
from controller.handlers.unit_of_work import UnitOfWork, require_revision
from controller.store.quality.monitors import MONITORS
from controller.store.services.services import load_service
from controller.store.tables import MonitorRow
from shared.contracts.chunks import ChunkStream
from shared.contracts.quality.distributions import ColumnDistribution
from shared.contracts.quality.monitors import (
    AlertScope,
    Baseline,
    MonitorKind,
    MonitorWindow,
    Outcome,
    WindowState,
)
from shared.contracts.rpc.quality import (
    MONITOR_DISTRIBUTION,
    MONITOR_REPORT,
    MONITOR_STATES,
    MONITOR_WINDOWS,
    RUN_MONITOR,
    DistributionQuery,
    MonitorQuery,
    MonitorsOfService,
    MonitorState,
    MonitorStates,
    ReportQuery,
    WindowPage,
    WindowsQuery,
)

STATES_WITHIN_S = 2.0
RUN_WITHIN_S = 10.0
REPORT_WITHIN_S = 60.0
"""The rows of the window are summed up once more."""
REPORT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"

router = APIRouter(tags=["quality"])

MonitorPath = Annotated[str, Path(max_length=63)]


class MonitorView(BaseModel):
    """A rule, and how it does as the monitor finds it."""

    id: UUID
    service: str
    name: str
    kind: MonitorKind
    metric: str
    columns: list[str]
    baseline: Baseline | None
    window: str
    slice: str | None
    schedule: str
    warning: float | None
    critical: float | None
    min_sample: int
    windows: str = Field(description="So many of the last windows must be bad for an alert.")
    delay: str
    outcome: Outcome
    alert: AlertScope
    paused: bool
    is_default: bool = Field(description="The platform made it when the service was published.")
    creator: str
    created_at: datetime
    updated_at: datetime
    revision: int
    state: WindowState | Literal["waiting", "paused", "unknown"] = Field(
        default="unknown",
        description="Of the last window, the worst of its columns; waiting: it has none yet; unknown: nobody said.",
    )
    reason: str | None = Field(default=None, description="Why it could not be evaluated, in one sentence.")
    is_running: bool = False
    last_window_end: datetime | None = None
    last_evaluated_at: datetime | None = None
    next_at: datetime | None = None


class WindowFilter(BaseModel):
    """Which verdicts; all of a rule unless told otherwise."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    from_time: Moment | None = Field(default=None, alias="from", description="Windows that end after then, ISO-8601.")
    to_time: Moment | None = Field(default=None, alias="to", description="Windows that begin before then, ISO-8601.")
    column: str | None = Field(default=None, max_length=256)
    slice: str | None = Field(default=None, max_length=1024, description="As the windows name it: `region=EU`.")
    state: WindowState | None = None
    page_size: int = Field(default=100, ge=1, le=1000)
    cursor: str | None = Field(default=None, max_length=512)


class ReportFilter(BaseModel):
    """Which window, in which language."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    end: Moment = Field(description="The window's end, as it is listed.")
    language: Literal["en", "zh"] = "en"


class DistributionFilter(BaseModel):
    """Which column of which window."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    end: Moment = Field(description="The window's end, as it is listed.")
    column: str = Field(max_length=256, description="As the table or the model calls it.")
    slice: str | None = Field(default=None, max_length=1024, description="As the windows name it; without: all rows.")


@router.post("/services/{service}/monitors", status_code=201, response_model=MonitorView)
async def create_monitor(service: str, command: NewMonitor, post: PostRequest) -> Response:
    """Define a rule; its first window is the last one that is closed."""

    async def work(unit: UnitOfWork, _: None) -> MonitorView:
        stored = await load_service(unit.session, service, for_update=True)
        return _view(await monitors.create_monitor(unit, stored.row, command), service)

    return await post.run_once(command, work, no_preparation)


@router.get("/services/{service}/monitors", response_model=Page[MonitorView])
async def list_monitors(service: str, deps: Dependencies) -> Page[MonitorView]:
    """Rules of a service by name."""
    async with deps.read_session() as session:
        stored = await load_service(session, service)
        rows = await MONITORS.of_service(session, stored.row.id)
    states = await _states(deps, service) if rows else None
    return Page(items=[_view(row, service, states) for row in rows])


@router.get("/services/{service}/monitors/{monitor}", response_model=MonitorView)
async def read_monitor(service: str, monitor: MonitorPath, deps: Dependencies) -> Response:
    """One rule."""
    async with deps.read_session() as session:
        row = await MONITORS.load(session, service, monitor)
    return json_answer(_view(row, service, await _states(deps, service)))


@router.put("/services/{service}/monitors/{monitor}", response_model=MonitorView)
async def replace_monitor(
    service: str,
    monitor: MonitorPath,
    command: MonitorDefinition,
    *,
    deps: Dependencies,
    actor: Actor,
    allowed: IfMatch,
) -> Response:
    """Define it anew, all of it; windows that were judged stay as they are."""
    async with deps.unit_of_work(actor) as unit:
        stored = await load_service(unit.session, service)
        row = await MONITORS.load(unit.session, service, monitor, for_update=True)
        require_revision(allowed, row.revision)
        await monitors.replace_monitor(unit, stored.row, row, command)
        return json_answer(_view(row, service))


@router.delete("/services/{service}/monitors/{monitor}", status_code=204)
async def delete_monitor(
    service: str, monitor: MonitorPath, deps: Dependencies, actor: Actor, allowed: IfMatch
) -> Response:
    """Forget a rule with its windows; what it has opened of alerts is resolved."""
    async with deps.unit_of_work(actor) as unit:
        stored = await load_service(unit.session, service)
        row = await MONITORS.load(unit.session, service, monitor, for_update=True)
        require_revision(allowed, row.revision)
        await monitors.delete_monitor(unit, stored.row, row)
    return Response(status_code=204)


@router.post("/services/{service}/monitors/{monitor}/run", status_code=202, response_model=MonitorState)
async def run_monitor(service: str, monitor: MonitorPath, deps: Dependencies) -> MonitorState:
    """Have the last closed window computed now, once more where it was already."""
    async with deps.read_session() as session:
        row = await MONITORS.load(session, service, monitor)
    return await deps.call(RUN_MONITOR, MonitorQuery(id=row.id), MonitorState, within_s=RUN_WITHIN_S)


@router.get("/services/{service}/monitors/{monitor}/windows", response_model=Page[MonitorWindow])
async def list_windows(
    service: str, monitor: MonitorPath, deps: Dependencies, wanted: Annotated[WindowFilter, Query()]
) -> Page[MonitorWindow]:
    """Verdicts, newest first: one for each window, column and slice."""
    async with deps.read_session() as session:
        row = await MONITORS.load(session, service, monitor)
    query = WindowsQuery(id=row.id, limit=wanted.page_size, **wanted.model_dump(exclude={"page_size"}))
    found = await deps.call(MONITOR_WINDOWS, query, WindowPage)
    items = [each.model_copy(update={"report": report_path(service, monitor, each.end)}) for each in found.items]
    return Page(items=items, next_cursor=found.next_cursor)


@router.get(
    "/services/{service}/monitors/{monitor}/windows/report",
    response_class=Response,
    responses={200: {"description": "One HTML document.", "content": {"text/html": {}}}},
)
async def read_report(
    service: str, monitor: MonitorPath, deps: Dependencies, wanted: Annotated[ReportFilter, Query()]
) -> Response:
    """A window as a page of its own: distributions beside the baseline, what moved most, the figure over time."""
    async with deps.read_session() as session:
        row = await MONITORS.load(session, service, monitor)
    query = ReportQuery(id=row.id, end=wanted.end, language=wanted.language)
    found = await deps.call(MONITOR_REPORT, query, ChunkStream, within_s=REPORT_WITHIN_S)
    page = b"".join([chunk async for chunk in deps.bus.read_chunks(found)])
    headers = {"content-security-policy": REPORT_POLICY, "x-content-type-options": "nosniff"}
    return Response(page, media_type="text/html; charset=utf-8", headers=headers)


@router.get("/services/{service}/monitors/{monitor}/windows/distribution", response_model=ColumnDistribution)
async def read_distribution(
    service: str, monitor: MonitorPath, deps: Dependencies, wanted: Annotated[DistributionFilter, Query()]
) -> ColumnDistribution:
    """How the values of a column lie in a window, beside the baseline: of rules on columns, as the rows are now."""
    async with deps.read_session() as session:
        row = await MONITORS.load(session, service, monitor)
    query = DistributionQuery(id=row.id, end=wanted.end, column=wanted.column, slice=wanted.slice)
    return await deps.call(MONITOR_DISTRIBUTION, query, ColumnDistribution, within_s=REPORT_WITHIN_S)


def report_path(service: str, monitor: str, end: datetime) -> str:
    """Where the report of a window is."""
    at = end.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return f"/api/v1/services/{service}/monitors/{monitor}/windows/report?end={at}"


async def _states(deps: ApiDependencies, service: str) -> dict[UUID, MonitorState] | None:
    """What the monitor says of each; None while it is away."""
    query = MonitorsOfService(service=service)
    found = await deps.try_call(MONITOR_STATES, query, MonitorStates, within_s=STATES_WITHIN_S)
    return None if found is None else {state.id: state for state in found.items}


def _view(row: MonitorRow, service: str, states: dict[UUID, MonitorState] | None = None) -> MonitorView:
    said = (states or {}).get(row.id)
    view = MonitorView(service=service, **row.model_dump())
    if row.paused:
        return view.model_copy(update={"state": "paused"})
    if said is None:
        return view
    return view.model_copy(update=said.model_dump(exclude={"id", "state"}) | {"state": said.state or "waiting"})
