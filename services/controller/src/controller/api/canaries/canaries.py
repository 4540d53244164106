"""`/services/{s}/canaries`: a version takes over step by step, as long as it is no worse."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from controller.api.dependencies import Dependencies, IfMatch, json_answer
from controller.api.idempotency import PostRequest, no_preparation
from controller.api.pagination import Cursor, Page, PageSize, cursor_after, cursor_of_page, cursor_position
from controller.domain.canaries.plan import CanaryPlan, NewCanary
from controller.domain.canaries.preflight import PreflightReport
from controller.domain.canaries.progress import CanaryPhase
from controller.handlers.canaries import canaries
from controller.handlers.unit_of_work import UnitOfWork, require_revision
from controller.store.canaries.canaries import load_canary, page_of_canaries, verdicts_of
from controller.store.services.services import StoredService, load_service
from controller.store.tables import CanaryRow, CanaryVerdictRow
from shared.contracts.canaries import CanaryStage, CanaryVerdict, LatencyBaseline

router = APIRouter(tags=["canaries"])


class StepVerdict(BaseModel):
    """The last verdict of one step."""

    step: int = Field(description="Counted from 0.")
    weight: int
    at: datetime
    waits_for: str = Field(description="Why neither the next step nor a promotion came yet; empty: it came.")
    verdict: CanaryVerdict


class CanaryView(BaseModel):
    """A canary: where it is, and what was found at each step."""

    id: UUID
    service: str
    version: str
    stable: str | None = Field(description="The version that it is compared with; null: it has not begun.")
    phase: CanaryPhase
    reason: str = Field(description="What it waits for, or why it ended.")
    step: int = Field(description="Present step, counted from 0.")
    weight: int = Field(description="Its share of the traffic, as set by it.")
    plan: CanaryPlan
    stages: list[CanaryStage] = Field(description="When it had which share.")
    baseline: LatencyBaseline | None = Field(description="What its latency is compared with; null: not taken yet.")
    preflight: PreflightReport | None = Field(description="What the replay found; null: it was not done yet, or ever.")
    verdicts: list[StepVerdict]
    creator: str
    created_at: datetime
    updated_at: datetime
    started_at: datetime | None
    step_started_at: datetime | None
    ended_at: datetime | None
    stops_at: datetime | None = Field(description="When the version that lost is to stop; null: it is not, or has.")
    revision: int


@router.post("/services/{service}/canaries", status_code=201, response_model=CanaryView)
async def create_canary(service: str, command: NewCanary, post: PostRequest) -> Response:
    """Begin a canary of a version; a service has one at a time. It starts the version, and waits where it must."""

    async def work(unit: UnitOfWork, _: None) -> CanaryView:
        stored = await load_service(unit.session, service, for_update=True)
        return _view(await canaries.create_canary(unit, stored, command), service, [])

    return await post.run_once(command, work, no_preparation)


@router.get("/services/{service}/canaries", response_model=Page[CanaryView])
async def list_canaries(
    service: str, deps: Dependencies, page_size: PageSize = 100, cursor: Cursor = None
) -> Page[CanaryView]:
    """Canaries of a service, newest first."""
    async with deps.read_session() as session:
        stored = await load_service(session, service)
        found = await page_of_canaries(session, stored.row.id, cursor_position(cursor), page_size + 1)
        verdicts = await verdicts_of(session, [row.id for row in found[:page_size]])
    return Page(
        items=[_view(row, service, verdicts.get(row.id, [])) for row in found[:page_size]],
        next_cursor=cursor_of_page(found, page_size, lambda row: cursor_after(row.id)),
    )


@router.get("/services/{service}/canaries/{canary}", response_model=CanaryView)
async def read_canary(service: str, canary: UUID, deps: Dependencies) -> Response:
    """One canary with the figures of each step."""
    async with deps.read_session() as session:
        row = await load_canary(session, service, canary)
        verdicts = await verdicts_of(session, [row.id])
    return json_answer(_view(row, service, verdicts.get(row.id, [])))


@router.post("/services/{service}/canaries/{canary}/abort", response_model=CanaryView)
async def abort_canary(service: str, canary: UUID, post: PostRequest, allowed: IfMatch) -> Response:
    """End it: its traffic goes back to the stable version. Nothing happens to one that is over."""
    return await _changed(post, service, canary, allowed, canaries.abort_canary)


@router.post("/services/{service}/canaries/{canary}/promote", response_model=CanaryView)
async def promote_canary(service: str, canary: UUID, post: PostRequest, allowed: IfMatch) -> Response:
    """Give it all of the traffic now, whatever the verdict; 409 while it has none, and once it is over."""
    return await _changed(post, service, canary, allowed, canaries.promote_canary)


async def _changed(
    post: PostRequest,
    service: str,
    canary: UUID,
    allowed: frozenset[int] | None,
    change: Callable[[UnitOfWork, StoredService, CanaryRow], Awaitable[None]],
) -> Response:
    async def work(unit: UnitOfWork, _: None) -> CanaryView:
        stored = await load_service(unit.session, service, for_update=True)
        row = await load_canary(unit.session, service, canary, for_update=True)
        require_revision(allowed, row.revision)
        await change(unit, stored, row)
        verdicts = await verdicts_of(unit.session, [row.id])
        return _view(row, service, verdicts.get(row.id, []))

    return await post.run_once(None, work, no_preparation, 200)


def _view(row: CanaryRow, service: str, verdicts: list[CanaryVerdictRow]) -> CanaryView:
    last = next((found for found in verdicts if found.step == row.step), None)
    stored = row.model_dump(exclude={"reason"})
    return CanaryView(
        service=service,
        reason=row.reason or (last.waits_for if last is not None else ""),
        verdicts=[StepVerdict.model_validate(found, from_attributes=True) for found in verdicts],
        **stored,
    )
