"""Of what a service was asked: one request, whole; what became of all of them; the signatures that rows go by."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from controller.api.dependencies import ApiDependencies, Dependencies, must_exist
from controller.api.observability.log_filters import RequestId
from controller.domain.commands import ServiceName
from controller.domain.times import Moment
from shared.contracts.rpc.inference_logger.signatures import SIGNATURES, SignatureList, SignaturesQuery
from shared.contracts.rpc.inference_logger.tables import (
    ACCOUNTING,
    ROWS,
    AccountingPage,
    AccountingQuery,
    RowPage,
    RowsQuery,
)
from shared.contracts.rpc.monitor import LOGS, LogEntry, LogPage, LogsQuery
from shared.errors import NotFound, PenstockError

router = APIRouter(tags=["inference tables"])

ROW_WITHIN_S = 15.0
"""A table is read from files, which may be many."""
ACCOUNT_WITHIN_S = 35.0
ACCOUNTED = timedelta(hours=1)
MAX_LOG_LINES = 200
MAX_ROWS = 1000
"""Of a batch, in this answer; the table has them all."""
MAX_CLOCK_SKEW = timedelta(seconds=5)
"""Of the machine of the router and of the one that reads what pods print."""


class RequestView(BaseModel):
    """One recorded request. Where the caller gave its own id to several, the newest of them."""

    request_id: str
    payload: dict[str, Any] = Field(description="Its row of the payload table, column by column.")
    inferences: list[dict[str, Any]] = Field(description="Its rows of the inferences table, one per inference.")
    labelled: list[dict[str, Any]] = Field(description="Those of them that have a label, with it.")
    log_lines: list[LogEntry] = Field(description="Printed while it was answered, oldest first: at most 200.")
    log_problem: str | None = Field(description="Why the lines could not be read; null where they were.")
    pod: str | None = Field(description="Null where no pod answered.")
    version: str | None
    trace_id: str | None


class AccountRange(BaseModel):
    """Which requests, by when they came in."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    from_time: Moment | None = Field(default=None, alias="from", description="ISO-8601; an hour before `to`.")
    to_time: Moment | None = Field(default=None, alias="to", description="ISO-8601; now by default.")
    step: int = Field(default=60, ge=60, le=86_400, multiple_of=60, description="Seconds, whole minutes.")


@router.get("/services/{service}/accounting", response_model=AccountingPage)
async def read_accounting(
    service: ServiceName, deps: Dependencies, wanted: Annotated[AccountRange, Query()]
) -> AccountingPage:
    """What became of each request that was to be recorded: stored, dropped and why, on the way, missing.

    By when requests came in, one item a step; steps without requests are left out. At most 93 days and 10,000 steps.
    """
    await must_exist(deps, service, None)
    until = wanted.to_time or deps.clock.now()
    since = wanted.from_time or until - ACCOUNTED
    query = AccountingQuery(service=service, from_time=since, to_time=until, step=wanted.step)
    return await deps.call(ACCOUNTING, query, AccountingPage, within_s=ACCOUNT_WITHIN_S)


@router.get("/services/{service}/signatures", response_model=SignatureList)
async def read_signatures(service: ServiceName, deps: Dependencies) -> SignatureList:
    """What each version's model said of its columns, by generation: for engines that make inferences elsewhere."""
    await must_exist(deps, service, None)
    return await deps.call(SIGNATURES, SignaturesQuery(service=service), SignatureList)


@router.get("/services/{service}/requests/{request_id:path}", response_model=RequestView)
async def read_request(service: str, request_id: RequestId, deps: Dependencies) -> RequestView:
    """One request by its `X-Request-Id`; 404 while it is not in the inference table, which takes some seconds."""
    await must_exist(deps, service, None)
    row = await _row(deps, service, request_id)
    (lines, problem), inferences, labelled = await asyncio.gather(
        _log_lines(deps, service, request_id, row),
        _derived(deps, service, "inferences", row),
        _derived(deps, service, "labelled", row),
    )
    return RequestView(
        request_id=request_id,
        payload=row,
        inferences=inferences,
        labelled=labelled,
        log_lines=lines,
        log_problem=problem,
        **{name: row.get(name) for name in ("pod", "version", "trace_id")},
    )


async def _row(deps: ApiDependencies, service: str, request_id: str) -> dict[str, Any]:
    query = RowsQuery(table=f"{service}.payload", limit=1, request_id=request_id)
    try:
        found = (await deps.call(ROWS, query, RowPage, within_s=ROW_WITHIN_S)).items
    except NotFound as no_table:
        raise _not_recorded(service, request_id) from no_table
    if not found:
        raise _not_recorded(service, request_id)
    return found[0]


async def _derived(deps: ApiDependencies, service: str, kind: str, row: dict[str, Any]) -> list[dict[str, Any]]:
    """Its rows of another table; none while that has none, or cannot be read: the request itself is worth more."""
    query = RowsQuery(table=f"{service}.{kind}", limit=MAX_ROWS, request_id=row["request_id"])
    try:
        found = (await deps.call(ROWS, query, RowPage, within_s=ROW_WITHIN_S)).items
    except PenstockError:
        return []
    same = [one for one in found if one.get("record_id") in {None, row.get("record_id")}]
    return sorted(same, key=lambda one: one.get("row_index") or 0)


async def _log_lines(
    deps: ApiDependencies, service: str, request_id: str, row: dict[str, Any]
) -> tuple[list[LogEntry], str | None]:
    """What was printed for it, and why that is not known; a row is worth more than its lines."""
    if row.get("pod") is None:
        return [], None
    began = datetime.fromisoformat(row["request_time"])
    ended = began + timedelta(milliseconds=row.get("execution_duration_ms") or 0)
    query = LogsQuery(
        service=service,
        pod=row["pod"],
        request_id=request_id,
        from_time=began - MAX_CLOCK_SKEW,
        to_time=ended + MAX_CLOCK_SKEW,
        is_oldest_first=True,
        limit=MAX_LOG_LINES,
    )
    try:
        return list((await deps.call(LOGS, query, LogPage)).items), None
    except PenstockError as failure:
        return [], failure.message


def _not_recorded(service: str, request_id: str) -> NotFound:
    return NotFound(
        f"Request {request_id!r} is not in the inference table of {service!r}: it may arrive within some seconds; what "
        "was refused before a version was chosen, is outside the sample or went to a version without log delivery "
        "never does"
    )
