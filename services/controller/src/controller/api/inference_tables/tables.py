"""`/inference-tables`, which the inference logger owns: what there is, rows by filter, statistics, files."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import StreamingResponse

from controller.api.dependencies import ApiDependencies, CurrentPrincipal, Dependencies
from controller.api.pagination import Page
from controller.api.permissions import reauthorize
from controller.domain.commands import ServiceName
from controller.domain.times import Moment
from controller.store.access.people import visible_services
from shared.contracts.chunks import ChunkStream
from shared.contracts.rpc.inference_logger.tables import (
    READ,
    TABLE,
    TABLES,
    ReadQuery,
    TableDetails,
    TableList,
    TableQuery,
    TablesQuery,
    TableStatistics,
    TableView,
)

TABLE_WITHIN_S = 15.0
"""Tables are read from files, which may be many."""
REAUTHORIZED_AFTER = 16
"""Chunks of a download after which it is looked whether the caller may still read the table."""
MEDIA_TYPES = {"csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet"}

router = APIRouter(tags=["inference tables"])

TableName = Annotated[str, Path(pattern=r"^[a-z0-9-]{1,63}\.[a-z_]{1,32}$", description="`<service>.<kind>`.")]
Id = Annotated[str, Field(max_length=256)]


class RowsView(BaseModel):
    """Rows as JSON objects, and the order of their columns."""

    columns: list[str]
    items: list[dict[str, Any]]
    next_cursor: str | None = None
    delta_version: int | None = Field(default=None, description="The version of the table that the pages show.")


class Selection(BaseModel):
    """Which rows, and which of their columns."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    from_time: Moment | None = Field(default=None, alias="from", description="The oldest `request_time`, ISO-8601.")
    to_time: Moment | None = Field(default=None, alias="to", description="The `request_time` before which rows end.")
    where: str | None = Field(
        default=None,
        max_length=4096,
        description="Which rows: `alcohol > 9 and (version in ('v1', 'v2') or error is not null)`; any column, "
        "compared by =, !=, <, <=, >, >=, in, between, like, ilike, contains, is null (docs/reading-tables.md).",
    )
    columns: list[str] = Field(
        default=[], max_length=1000, description="Only these: repeated, or with commas between them; by default all."
    )

    def asked(self) -> dict[str, Any]:
        """As the logger's query names it."""
        return {**self.model_dump(include={"from_time", "to_time", "where"}), "columns": tuple(self.columns)}


class RowsFilter(Selection):
    """One page of rows."""

    client_request_id: Id | None = None
    request_id: Id | None = None
    order: str | None = Field(
        default=None, max_length=300, description="A column, `-column` for descending; by default the newest first."
    )
    page_size: int = Field(default=100, ge=1, le=1000)
    cursor: str | None = Field(default=None, max_length=2048)


class Download(Selection):
    """A file of rows."""

    format: Literal["csv", "parquet"] = "csv"


@router.get("/inference-tables", response_model=Page[TableView])
async def list_tables(
    deps: Dependencies, principal: CurrentPrincipal, service: ServiceName | None = None
) -> Page[TableView]:
    """Tables, by name; those of a service that is gone are shown to administrators."""
    async with deps.read_session() as session:
        visible = await visible_services(session, principal.projects)
    found = (await deps.call(TABLES, TablesQuery(service=service), TableList, within_s=TABLE_WITHIN_S)).items
    return Page(items=[table for table in found if visible is None or table.service in visible])


@router.get("/inference-tables/{table}", response_model=TableDetails)
async def read_table(table: TableName, deps: Dependencies) -> TableDetails:
    """One table, opened: its columns with types and descriptions, size, files, last commit."""
    return await deps.call(TABLE, TableQuery(table=table), TableDetails, within_s=TABLE_WITHIN_S)


@router.get("/inference-tables/{table}/rows", response_model=RowsView)
async def list_rows(table: TableName, deps: Dependencies, wanted: Annotated[RowsFilter, Query()]) -> Response:
    """Rows of one table, newest first unless asked otherwise.

    Pages that a cursor joins show one version of the table. A page of large rows ends before `page_size`.
    """
    ids = {"client_request_id": wanted.client_request_id, "request_id": wanted.request_id}
    query = ReadQuery(
        table=table,
        order=wanted.order,
        cursor=wanted.cursor,
        page_size=wanted.page_size,
        equal={name: value for name, value in ids.items() if value is not None},
        **wanted.asked(),
    )
    return Response(await _whole(deps, query), media_type="application/json")


@router.get("/inference-tables/{table}/statistics", response_model=TableStatistics, response_model_by_alias=True)
async def read_statistics(table: TableName, deps: Dependencies, wanted: Annotated[Selection, Query()]) -> Response:
    """Of each column: nulls, different values, range, mean, quantiles, frequent values, a histogram."""
    query = ReadQuery(table=table, result="statistics", **wanted.asked())
    return Response(await _whole(deps, query), media_type="application/json")


_FILES: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file.", "content": {kind.partition(";")[0]: {} for kind in MEDIA_TYPES.values()}}
}


@router.get("/inference-tables/{table}/download", response_class=StreamingResponse, responses=_FILES)
async def download_table(
    table: TableName, request: Request, deps: Dependencies, wanted: Annotated[Download, Query()]
) -> StreamingResponse:
    """Rows as CSV or Parquet, in the order in which they lie in the table.

    A file that cannot be made whole ends without its end: the connection breaks off.
    """
    chunks = await _chunks(deps, ReadQuery(table=table, result=wanted.format, **wanted.asked()))
    first = await anext(chunks, b"")  # what is wrong with the question is an answer of its own
    headers = {
        "content-disposition": f'attachment; filename="{table}.{wanted.format}"',
        "cache-control": "no-cache",
        "x-content-type-options": "nosniff",
    }
    body = _file(first, chunks, partial(reauthorize, request))
    return StreamingResponse(body, media_type=MEDIA_TYPES[wanted.format], headers=headers)


async def _chunks(deps: ApiDependencies, query: ReadQuery) -> AsyncGenerator[bytes, None]:
    found = await deps.call(READ, query, ChunkStream, within_s=TABLE_WITHIN_S)
    return deps.bus.read_chunks(found)


async def _whole(deps: ApiDependencies, query: ReadQuery) -> bytes:
    return b"".join([chunk async for chunk in await _chunks(deps, query)])


async def _file(
    first: bytes, chunks: AsyncGenerator[bytes, None], must_be_allowed: Callable[[], Awaitable[None]]
) -> AsyncIterator[bytes]:
    count = 0
    try:
        yield first
        async for chunk in chunks:
            count += 1
            if count % REAUTHORIZED_AFTER == 0:
                await must_be_allowed()
            yield chunk
    finally:
        await chunks.aclose()
