"""`/services/{s}/versions/{v}/masking-preview`: what rules would do to requests that are recorded already."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter
from pydantic import BaseModel, Field

from controller.api.dependencies import Dependencies
from controller.domain.inference_tables.masking import MaskedRow, MaskingPreview, preview
from controller.store.services.services import load_service
from shared.contracts.chunks import ChunkStream
from shared.contracts.rpc.inference_logger.tables import READ, ReadQuery, RowPage

ROWS_WITHIN_S = 15.0

router = APIRouter(tags=["versions"])


class MaskingPreviewView(BaseModel):
    """What the rules would do. Hashes are made with a key that exists for this answer only."""

    items: list[MaskedRow]
    untouched_columns: list[str] = Field(description="Columns with a rule that changes none of these requests.")


@router.post("/services/{service}/versions/{version}/masking-preview", response_model=MaskingPreviewView)
async def preview_masking(
    service: str, version: str, command: MaskingPreview, deps: Dependencies
) -> MaskingPreviewView:
    """The newest recorded requests of a version as the rules would leave them. Nothing is stored or changed."""
    async with deps.read_session() as session:
        row = (await load_service(session, service)).version(version).row
    rules = [(rule["column"], rule["action"]) for rule in row.log_delivery.get("masking") or ()]
    if command.masking is not None:
        rules = [(rule.column, rule.action) for rule in command.masking]
    query = ReadQuery(
        table=f"{service}.payload",
        columns=("request_id", "request", "response", "status_code", "logging_error_codes"),
        equal={"version": version},
        page_size=command.limit,
    )
    found = await deps.call(READ, query, ChunkStream, within_s=ROWS_WITHIN_S)
    page = RowPage.model_validate_json(b"".join([chunk async for chunk in deps.bus.read_chunks(found)]))
    items, untouched = await asyncio.to_thread(preview, rules, page.items)
    return MaskingPreviewView(items=items, untouched_columns=untouched)
