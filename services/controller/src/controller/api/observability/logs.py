"""Log lines, which the monitor keeps: as pages, around one, as a file; followed ones come straight from the bus."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from starlette.responses import StreamingResponse

from controller.api.dependencies import ApiDependencies, Dependencies, must_exist
from controller.api.observability.live_logs import LogSelection, follow_logs
from controller.api.observability.log_download import download
from controller.api.observability.log_filters import (
    LINES_AROUND,
    LineSearch,
    LogFilter,
    ServiceLineSearch,
    ServiceLogFilter,
    must_be_around,
    must_be_followable,
    must_be_list,
)
from controller.api.pagination import Page
from controller.api.permissions import reauthorize
from shared.contracts.rpc.monitor import LOG_CONTEXT, LOGS, LogContextQuery, LogEntry, LogPage, LogsQuery
from shared.http import request_id_of

router = APIRouter(tags=["observability"])

WITHIN_S = 5.0
"""A search for an expression reads up to 20,000 lines."""
_FOLLOWED: dict[int | str, dict[str, Any]] = {200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}}
_FILE: dict[int | str, dict[str, Any]] = {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}}


@router.get("/services/{service}/logs", response_model=Page[LogEntry], responses=_FOLLOWED)
async def service_logs(
    service: str, deps: Dependencies, wanted: Annotated[ServiceLogFilter, Query()], request: Request
) -> Page[LogEntry] | Response:
    """Lines that the pods of a service printed, newest first; with `follow` as they come."""
    return await _logs(request, deps, service, wanted.version, wanted)


@router.get("/services/{service}/versions/{version}/logs", response_model=Page[LogEntry], responses=_FOLLOWED)
async def version_logs(
    service: str, version: str, deps: Dependencies, wanted: Annotated[LogFilter, Query()], request: Request
) -> Page[LogEntry] | Response:
    """Lines that the pods of one version printed, newest first; with `follow` as they come."""
    return await _logs(request, deps, service, version, wanted)


@router.get("/services/{service}/logs/download", response_class=Response, responses=_FILE)
async def download_service_logs(
    service: str, deps: Dependencies, wanted: Annotated[ServiceLineSearch, Query()], request: Request
) -> Response:
    """Lines that the pods of a service printed, oldest first, as a text file of up to 100,000 lines."""
    return await _download(request, deps, service, wanted.version, wanted)


@router.get("/services/{service}/versions/{version}/logs/download", response_class=Response, responses=_FILE)
async def download_version_logs(
    service: str, version: str, deps: Dependencies, wanted: Annotated[LineSearch, Query()], request: Request
) -> Response:
    """Lines that the pods of one version printed, oldest first, as a text file of up to 100,000 lines."""
    return await _download(request, deps, service, version, wanted)


async def _logs(
    request: Request, deps: ApiDependencies, service: str, version: str | None, wanted: LogFilter
) -> Page[LogEntry] | Response:
    await must_exist(deps, service, version)
    if wanted.around is not None:
        return await _around(deps, service, version, wanted, wanted.around)
    if wanted.follow:
        return await _followed(request, deps, service, version, wanted)
    must_be_list(wanted)
    more = {"to_time": wanted.to_time, "limit": wanted.page_size, "cursor": wanted.cursor}
    query = LogsQuery(service=service, version=version, **wanted.chosen(), **more)
    page = await deps.call(LOGS, query, LogPage, within_s=WITHIN_S)
    return Page(items=list(page.items), next_cursor=page.next_cursor)


async def _around(
    deps: ApiDependencies, service: str, version: str | None, wanted: LogFilter, line: str
) -> Page[LogEntry]:
    must_be_around(wanted)
    lines = wanted.lines if "lines" in wanted.model_fields_set else LINES_AROUND
    query = LogContextQuery(service=service, version=version, id=line, lines=lines)
    page = await deps.call(LOG_CONTEXT, query, LogPage, within_s=WITHIN_S)
    return Page(items=list(page.items), next_cursor=None)


async def _followed(
    request: Request, deps: ApiDependencies, service: str, version: str | None, wanted: LogFilter
) -> Response:
    must_be_followable(wanted)

    async def must_be_allowed() -> None:
        await reauthorize(request)
        await must_exist(deps, service, version)

    selection = LogSelection(service, version, lines=wanted.lines, **wanted.chosen())
    lines = await follow_logs(deps, selection, must_be_allowed, request_id_of(request))
    headers = {"cache-control": "no-cache", "x-accel-buffering": "no"}
    return StreamingResponse(lines, media_type="text/event-stream", headers=headers)


async def _download(
    request: Request, deps: ApiDependencies, service: str, version: str | None, wanted: LineSearch
) -> Response:
    await must_exist(deps, service, version)
    query = LogsQuery(
        service=service,
        version=version,
        to_time=wanted.to_time or deps.clock.now(),
        is_oldest_first=True,
        is_settled=True,
        limit=1000,
        **wanted.chosen(),
    )
    return await download(deps, query, lambda: reauthorize(request))
