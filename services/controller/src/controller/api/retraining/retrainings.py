"""`/services/{s}/retrainings`: what was asked for, why, and what became of it. Answered by the monitor."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from controller.api.dependencies import ApiDependencies, Dependencies, json_answer
from controller.api.idempotency import IdempotentPost, PostRequest
from controller.api.pagination import Cursor, Page, PageSize
from controller.domain.retraining.triggers import NewRetraining
from controller.handlers.retraining.triggers import trigger_to_start
from controller.handlers.unit_of_work import UnitOfWork
from controller.store.audit import AuditedResource, record_action
from controller.store.retraining.results import results_of
from controller.store.retraining.triggers import TRIGGERS
from controller.store.services.services import load_service
from controller.store.tables import RetrainingResultRow
from shared.contracts.retraining import (
    RetrainedModel,
    Retraining,
    RetrainingCause,
    RetrainingEvidence,
    RetrainingPage,
    RetrainingPhase,
    RetrainingRun,
)
from shared.contracts.rpc.retraining import (
    CANCEL_RETRAINING,
    RETRAIN,
    RETRAINING,
    RETRAININGS,
    RetrainingQuery,
    RetrainingsQuery,
    RetrainOrder,
)
from shared.ids import new_id

ASKED_WITHIN_S = 5.0

router = APIRouter(tags=["retraining"])


class PublishedResult(BaseModel):
    """What was published of its result."""

    version: str | None = Field(description="Of the service; null: none was made.")
    canary: UUID | None = Field(description="The canary that it began.")
    message: str | None = Field(description="What stood in the way.")


class RetrainingView(BaseModel):
    """A retraining."""

    id: UUID
    service: str
    trigger: str
    cause: RetrainingCause
    action: str = Field(description="webhook, airflow, argo, github or job.")
    state: RetrainingPhase = Field(
        description="requested: not accepted yet; started: accepted; running: it says that it runs; refused: a guard "
        "forbids it, see `reason`."
    )
    reason: str | None = Field(description="InFlight, CoolDown, DayMaximum, LowLabelCoverage, TimeLimit, …")
    message: str | None = Field(description="The reason in words.")
    is_cancelling: bool
    evidence: RetrainingEvidence
    run: RetrainingRun | None = Field(description="In the system that was asked; a job's `pod` names its log lines.")
    model: RetrainedModel | None = Field(description="The version that came of it, once the registry shows it.")
    published: PublishedResult | None = Field(default=None, description="As its trigger says in `then`.")
    attempts: int = Field(description="Tries since the last success.")
    requested_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    gives_up_at: datetime | None = Field(description="When it has failed, if it has not ended by then.")


@router.post("/services/{service}/retrainings", status_code=201, response_model=RetrainingView)
async def start_retraining(service: str, command: NewRetraining, post: PostRequest) -> Response:
    """Ask for a retraining. Its state is `refused`, with the reason, where a guard forbids it."""

    async def ask() -> Retraining:
        async with post.deps.read_session() as session:
            trigger = await trigger_to_start(session, service, command.trigger)
        order = RetrainOrder(
            id=new_id(), trigger=trigger, requested_by=post.actor.name, note=command.note, force=command.force
        )
        return await post.deps.call(RETRAIN, order, Retraining, within_s=ASKED_WITHIN_S)

    async def work(unit: UnitOfWork, asked: Retraining) -> RetrainingView:
        await _note(post, unit, service, asked, "asked for")
        return _view(asked)

    return await post.run_once(command, work, ask)


@router.get("/services/{service}/retrainings", response_model=Page[RetrainingView])
async def list_retrainings(
    service: str,
    deps: Dependencies,
    trigger: Annotated[str | None, Query(max_length=63, description="Only those of this trigger.")] = None,
    page_size: PageSize = 100,
    cursor: Cursor = None,
) -> Page[RetrainingView]:
    """Retrainings of a service, newest first; 503 while the monitor is away."""
    async with deps.read_session() as session:
        identity = (await load_service(session, service)).row.id
        wanted = None if trigger is None else (await TRIGGERS.load(session, service, trigger)).id
    query = RetrainingsQuery(service_id=identity, trigger_id=wanted, limit=page_size, cursor=cursor)
    found = await deps.call(RETRAININGS, query, RetrainingPage)
    results = await _results(deps, found.items)
    return Page(items=[_view(each, results.get(each.id)) for each in found.items], next_cursor=found.next_cursor)


@router.get("/services/{service}/retrainings/{retraining}", response_model=RetrainingView)
async def read_retraining(service: str, retraining: UUID, deps: Dependencies) -> Response:
    """One retraining, with its evidence."""
    query = RetrainingQuery(service_id=await _service_id(deps, service), id=retraining)
    found = await deps.call(RETRAINING, query, Retraining)
    return json_answer(_view(found, (await _results(deps, [found])).get(found.id)))


@router.post("/services/{service}/retrainings/{retraining}/cancel", status_code=202, response_model=RetrainingView)
async def cancel_retraining(service: str, retraining: UUID, post: PostRequest) -> Response:
    """End a retraining: a job, or what runs elsewhere, where it can be told. One that is over stays as it is."""

    async def ask() -> Retraining:
        query = RetrainingQuery(service_id=await _service_id(post.deps, service), id=retraining)
        return await post.deps.call(CANCEL_RETRAINING, query, Retraining, within_s=ASKED_WITHIN_S)

    async def work(unit: UnitOfWork, asked: Retraining) -> RetrainingView:
        await _note(post, unit, service, asked, "cancelled")
        return _view(asked)

    return await post.run_once(None, work, ask, 202)


async def _note(post: IdempotentPost, unit: UnitOfWork, service: str, asked: Retraining, action: str) -> None:
    project = (await load_service(unit.session, service)).row.project
    subject = AuditedResource("retraining", f"{service}/{asked.id}", project)
    record_action(unit.session, post.actor, unit.now, subject, action)


async def _service_id(deps: ApiDependencies, service: str) -> UUID:
    async with deps.read_session() as session:
        return (await load_service(session, service)).row.id


async def _results(deps: ApiDependencies, found: Sequence[Retraining]) -> dict[UUID, RetrainingResultRow]:
    async with deps.read_session() as session:
        return await results_of(session, [each.id for each in found])


def _view(found: Retraining, result: RetrainingResultRow | None = None) -> RetrainingView:
    published = None
    if result is not None and (result.version is not None or result.message is not None):
        published = PublishedResult(version=result.version, canary=result.canary_id, message=result.message)
    view = RetrainingView.model_validate(found.model_dump(exclude={"trigger_id"}))
    return view.model_copy(update={"published": published})
