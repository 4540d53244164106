"""`/services/{s}/label-sources`: where ground truth is read from, and what became of that."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, Field

from controller.api.dependencies import Actor, ApiDependencies, Dependencies, IfMatch, json_answer
from controller.api.idempotency import PostRequest, no_preparation
from controller.api.pagination import Page
from controller.domain.inference_tables.label_sources import LabelSourceDefinition, NewLabelSource
from controller.handlers.inference_tables import label_sources
from controller.handlers.unit_of_work import UnitOfWork, require_revision
from controller.store.inference_tables.label_sources import load_source, sources_of
from controller.store.services.services import load_service
from controller.store.tables import LabelSourceRow
from shared.contracts.inference_tables.label_sources import (
    LabelRun,
    LabelRunList,
    LabelSourceFormat,
    LabelSourceQuery,
    LabelSourceState,
    LabelSourceStates,
)
from shared.contracts.rpc.inference_logger.label_sources import (
    LABEL_SOURCE_RUNS,
    LABEL_SOURCE_STATES,
    RUN_LABEL_SOURCE,
    LabelRunsQuery,
    LabelSourcesOfService,
)
from shared.errors import Temporary

STATES_WITHIN_S = 2.0
RUN_WITHIN_S = 10.0

router = APIRouter(tags=["ground truth"])

SourcePath = Annotated[str, Path(max_length=63)]


class LabelSourceView(BaseModel):
    """A label source, and how it does as the inference-logger finds it."""

    id: UUID
    service: str
    name: str
    format: LabelSourceFormat
    location: str | None
    query: str | None
    secret: str | None = Field(description="Name of the secret that holds the URL of the database.")
    growing: str | None
    key: dict[str, str]
    row: str | None
    label: str | dict[str, str]
    labelled_at: str | None
    schedule: str | None
    paused: bool
    creator: str
    created_at: datetime
    updated_at: datetime
    revision: int
    state: Literal["ok", "failing", "waiting", "paused", "unknown"] = Field(
        default="unknown", description="failing: see `reason`; waiting: not read yet; unknown: the logger has not said."
    )
    is_running: bool = False
    reason: str | None = Field(default=None, description="Why it fails, in one sentence.")
    since: datetime | None = Field(default=None, description="Since when it fails.")
    next_run_at: datetime | None = None
    last_run: LabelRun | None = None


@router.post("/services/{service}/label-sources", status_code=201, response_model=LabelSourceView)
async def create_label_source(service: str, command: NewLabelSource, post: PostRequest) -> Response:
    """Define where labels of a service are read from; on a schedule it is read for the first time at once."""

    async def work(unit: UnitOfWork, _: None) -> LabelSourceView:
        stored = await load_service(unit.session, service, for_update=True)
        return _view(await label_sources.create_source(unit, stored.row, command), service)

    return await post.run_once(command, work, no_preparation)


@router.get("/services/{service}/label-sources", response_model=Page[LabelSourceView])
async def list_label_sources(service: str, deps: Dependencies) -> Page[LabelSourceView]:
    """Label sources of a service by name."""
    async with deps.read_session() as session:
        stored = await load_service(session, service)
        rows = await sources_of(session, stored.row.id)
    states = await _states(deps, service) if rows else {}
    return Page(items=[_view(row, service, states.get(row.id)) for row in rows])


@router.get("/services/{service}/label-sources/{source}", response_model=LabelSourceView)
async def read_label_source(service: str, source: SourcePath, deps: Dependencies) -> Response:
    """One label source."""
    async with deps.read_session() as session:
        row = await load_source(session, service, source)
    return json_answer(_view(row, service, (await _states(deps, service)).get(row.id)))


@router.put("/services/{service}/label-sources/{source}", response_model=LabelSourceView)
async def replace_label_source(
    service: str,
    source: SourcePath,
    command: LabelSourceDefinition,
    *,
    deps: Dependencies,
    actor: Actor,
    allowed: IfMatch,
) -> Response:
    """Define it anew; where it lies elsewhere, or other columns are meant, it is read from the beginning."""
    async with deps.unit_of_work(actor) as unit:
        stored = await load_service(unit.session, service)
        row = await load_source(unit.session, service, source, for_update=True)
        require_revision(allowed, row.revision)
        await label_sources.replace_source(unit, stored.row, row, command)
        return json_answer(_view(row, service))


@router.delete("/services/{service}/label-sources/{source}", status_code=204)
async def delete_label_source(
    service: str, source: SourcePath, deps: Dependencies, actor: Actor, allowed: IfMatch
) -> Response:
    """Forget a label source; the labels that it brought stay."""
    async with deps.unit_of_work(actor) as unit:
        row = await load_source(unit.session, service, source, for_update=True)
        require_revision(allowed, row.revision)
        await label_sources.delete_source(unit.session, row)
    return Response(status_code=204)


@router.post("/services/{service}/label-sources/{source}/run", status_code=202, response_model=LabelSourceState)
async def run_label_source(service: str, source: SourcePath, deps: Dependencies) -> LabelSourceState:
    """Have it read now, whatever its schedule says; its runs say what became of it."""
    async with deps.read_session() as session:
        row = await load_source(session, service, source)
    return await deps.call(RUN_LABEL_SOURCE, LabelSourceQuery(id=row.id), LabelSourceState, within_s=RUN_WITHIN_S)


@router.get("/services/{service}/label-sources/{source}/runs", response_model=Page[LabelRun])
async def list_label_runs(
    service: str, source: SourcePath, deps: Dependencies, limit: Annotated[int, Query(ge=1, le=50)] = 20
) -> Page[LabelRun]:
    """Its last runs, newest first: rows read, labels new and corrected, rows that match no inference, errors."""
    async with deps.read_session() as session:
        row = await load_source(session, service, source)
    found = await deps.call(LABEL_SOURCE_RUNS, LabelRunsQuery(id=row.id, limit=limit), LabelRunList)
    return Page(items=list(found.items))


async def _states(deps: ApiDependencies, service: str) -> dict[UUID, LabelSourceState]:
    """What the logger says of each; nothing while it is away."""
    query = LabelSourcesOfService(service=service)
    try:
        found = await deps.call(LABEL_SOURCE_STATES, query, LabelSourceStates, within_s=STATES_WITHIN_S)
    except Temporary:
        return {}
    return {state.id: state for state in found.items}


def _view(row: LabelSourceRow, service: str, state: LabelSourceState | None = None) -> LabelSourceView:
    said = state.model_dump(exclude={"id"}) if state is not None else {}
    return LabelSourceView(service=service, **row.model_dump(), **said)
