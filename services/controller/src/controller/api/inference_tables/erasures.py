"""`/services/{s}/erasures`: rows that go from every table of a service, and what became of that."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from controller.api.dependencies import ApiDependencies, Dependencies, json_answer
from controller.api.idempotency import PostRequest
from controller.api.pagination import Cursor, Page, PageSize, cursor_after, cursor_of_page, cursor_position
from controller.domain.inference_tables.erasures import NewErasure
from controller.handlers.inference_tables import erasures
from controller.handlers.unit_of_work import UnitOfWork
from controller.store.inference_tables.erasures import load_erasure, page_of_erasures
from controller.store.services.services import load_service
from controller.store.tables import ErasureRow
from shared.contracts.inference_tables.erasures import ErasureIds, ErasureQuery, ErasureReceipt, ErasureTerms
from shared.contracts.rpc.inference_logger.tables import ERASURE_RECEIPT, ERASURE_TERMS, ERASURES_BEGUN
from shared.contracts.rpc.method import Nothing
from shared.errors import NotFound, Temporary

RECEIPT_WITHIN_S = 2.0

router = APIRouter(tags=["inference tables"])


class ErasureView(BaseModel):
    """An order. Who was erased is never shown, and forgotten once it is done."""

    id: UUID
    service: str
    status: Literal["accepted", "running", "finished"] = Field(
        description="accepted: nothing was done yet; running: rows are gone from tables, not from every file."
    )
    by: str = Field(description="client_request_ids, request_ids or column.")
    column: str | None
    subjects: int = Field(description="How many ids or values.")
    creator: str
    ordered_at: datetime = Field(description="Rows of requests that came later stay.")
    final_by: datetime = Field(description="When nothing of the rows is left, old files and the stream included.")
    receipt: ErasureReceipt | None = Field(default=None, description="What became of it so far, where that is known.")


@router.post("/services/{service}/erasures", status_code=202, response_model=ErasureView)
async def order_erasure(service: str, command: NewErasure, post: PostRequest) -> Response:
    """Have rows removed from every table of a service, for good. Needs an administrator of its project."""

    async def prepare() -> ErasureTerms:
        return await post.deps.call(ERASURE_TERMS, Nothing(), ErasureTerms)

    async def work(unit: UnitOfWork, terms: ErasureTerms) -> ErasureView:
        stored = await load_service(unit.session, service)
        return _view(await erasures.order_erasure(unit, stored.row, command, terms))

    return await post.run_once(command, work, prepare, 202)


@router.get("/services/{service}/erasures", response_model=Page[ErasureView])
async def list_erasures(
    service: str, deps: Dependencies, page_size: PageSize = 100, cursor: Cursor = None
) -> Page[ErasureView]:
    """Erasures, newest first; the receipt of one that is not finished is in its own answer."""
    async with deps.read_session() as session:
        await load_service(session, service)
        found = await page_of_erasures(session, service, cursor_position(cursor), page_size + 1)
    begun = await _begun(deps, [row.id for row in found[:page_size] if not row.is_finished])
    return Page(
        items=[_view(row, has_begun=row.id in begun) for row in found[:page_size]],
        next_cursor=cursor_of_page(found, page_size, lambda row: cursor_after(row.id)),
    )


@router.get("/services/{service}/erasures/{erasure}", response_model=ErasureView)
async def read_erasure(service: str, erasure: UUID, deps: Dependencies) -> Response:
    """One erasure with its receipt: rows of each table, files that held them, how many of those are gone."""
    async with deps.read_session() as session:
        row = await load_erasure(session, service, erasure)
    return json_answer(_view(row, None if row.is_finished else await _receipt_so_far(deps, row.id)))


async def _receipt_so_far(deps: ApiDependencies, erasure: UUID) -> ErasureReceipt | None:
    """None: the logger has not begun, or cannot be asked now."""
    try:
        return await deps.call(ERASURE_RECEIPT, ErasureQuery(id=erasure), ErasureReceipt, within_s=RECEIPT_WITHIN_S)
    except (NotFound, Temporary):
        return None


async def _begun(deps: ApiDependencies, erasures: Sequence[UUID]) -> frozenset[UUID]:
    """Those that something was done for; none where the logger cannot be asked now."""
    if not erasures:
        return frozenset()
    try:
        asked = ErasureIds(ids=tuple(erasures))
        return frozenset((await deps.call(ERASURES_BEGUN, asked, ErasureIds, within_s=RECEIPT_WITHIN_S)).ids)
    except Temporary:
        return frozenset()


def _view(row: ErasureRow, receipt: ErasureReceipt | None = None, *, has_begun: bool = False) -> ErasureView:
    if row.receipt is not None:
        receipt = ErasureReceipt.model_validate(row.receipt)
    return ErasureView(
        status="finished" if row.is_finished else "running" if has_begun or receipt is not None else "accepted",
        subjects=row.count,
        receipt=receipt,
        **row.model_dump(include={"id", "service", "by", "column", "creator", "ordered_at", "final_by"}),
    )
