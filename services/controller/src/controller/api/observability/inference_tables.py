"""`/inference-tables`, which the inference logger owns."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel

from controller.api.dependencies import CurrentPrincipal, Dependencies
from controller.api.pagination import Page, PageSize
from controller.domain.commands import ServiceName
from controller.store.access.people import visible_services
from shared.contracts.rpc.inference_logger import ROWS, TABLES, RowPage, RowsQuery, TableList, TablesQuery, TableView

TABLE_WITHIN_S = 15.0
"""Tables are read from files, which may be many."""

router = APIRouter(tags=["inference tables"])

TableName = Annotated[str, Path(pattern=r"^[a-z0-9-]{1,63}\.(payload|inferences|labelled)$")]
Id = Annotated[str | None, Query(max_length=256)]


class RowsView(BaseModel):
    """Rows as JSON objects, and the order of their columns."""

    columns: list[str]
    items: list[dict[str, Any]]
    next_cursor: str | None = None


@router.get("/inference-tables", response_model=Page[TableView])
async def list_tables(
    deps: Dependencies, principal: CurrentPrincipal, service: ServiceName | None = None
) -> Page[TableView]:
    """Tables, by name; those of a service that is gone are shown to administrators."""
    async with deps.read_session() as session:
        visible = await visible_services(session, principal.projects)
    found = (await deps.call(TABLES, TablesQuery(service=service), TableList, within_s=TABLE_WITHIN_S)).items
    return Page(items=[table for table in found if visible is None or table.service in visible])


@router.get("/inference-tables/{table}/rows", response_model=RowsView)
async def list_rows(
    table: TableName, deps: Dependencies, page_size: PageSize = 100, client_request_id: Id = None, request_id: Id = None
) -> RowsView:
    """Rows of one table, newest first."""
    query = RowsQuery(table=table, limit=page_size, client_request_id=client_request_id, request_id=request_id)
    answer = await deps.call(ROWS, query, RowPage, within_s=TABLE_WITHIN_S)
    return RowsView(columns=list(answer.columns), items=list(answer.items))
