"""`/usage`: pod time, what it took of the machines and what it cost, per group and period; as JSON or CSV."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Header, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from controller.api.dependencies import ApiDependencies, CurrentPrincipal, Dependencies
from controller.api.pagination import Page, cursor_of_token, token_of_cursor
from controller.domain.resources.usage import Grain, moment_of
from controller.domain.times import Moment
from controller.handlers.resources.usage import UsageQuery, continued, time_of, usage_lines, usage_page
from controller.store.resources.runs import MeteredSums, RunFilter

router = APIRouter(tags=["usage"])

HOUR_MS = 3_600_000
_CSV: dict[int | str, dict[str, Any]] = {200: {"content": {"text/csv": {"schema": {"type": "string"}}}}}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""


class UsageFilter(BaseModel):
    """Which usage: this month until now, by version, unless asked otherwise."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    from_time: Moment | None = Field(
        default=None, alias="from", description="ISO-8601 with a zone; the start of the month of `to` by default."
    )
    to_time: Moment | None = Field(default=None, alias="to", description="ISO-8601 with a zone; now by default.")
    group_by: Literal["version", "service", "project", "pod", "run"] = "version"
    grain: Grain = Field(default=Grain.MONTH, description="Months and days are UTC's.")
    project: Annotated[str, Field(max_length=63)] | None = None
    service: Annotated[str, Field(max_length=63)] | None = None
    format: Literal["json", "csv"] | None = Field(default=None, description="None: as `Accept` says.")
    page_size: int = Field(default=100, ge=1, le=1000)
    cursor: Annotated[str, Field(max_length=1024)] | None = None


class UsageView(BaseModel):
    """What one group used in one period. What it is not grouped by is null."""

    period: str | None = Field(description="`2026-11` or `2026-11-23`; null for a total.")
    period_start: datetime
    period_end: datetime
    project: str
    service: str | None
    service_id: UUID | None
    version: str | None
    version_id: UUID | None
    pod: str | None
    run: int | None
    started_at: datetime | None
    ended_at: datetime | None
    runs: int = Field(description="Runs that lie in the period, or partly.")
    pod_seconds: float
    pod_hours: float
    cpu_hours: float = Field(description="Cores times hours.")
    memory_gb_hours: float
    gpu_hours: float
    cost: float
    currency: str


@router.get("/usage", response_model=Page[UsageView], responses=_CSV)
async def read_usage(
    deps: Dependencies,
    principal: CurrentPrincipal,
    wanted: Annotated[UsageFilter, Query()],
    accept: Annotated[str | None, Header()] = None,
) -> Page[UsageView] | Response:
    """What pods of the caller's projects used and cost, deleted services included; open runs count up to now."""
    span = time_of(wanted.from_time, wanted.to_time, deps.clock.now())
    only = RunFilter(principal.projects, wanted.project, wanted.service)
    query = UsageQuery(*span, group_by=wanted.group_by, grain=wanted.grain, wanted=only)
    if wanted.format == "csv" or (wanted.format is None and _prefers_csv(accept)):
        return await _exported(deps, query)
    if (token := token_of_cursor(wanted.cursor)) is not None:
        query = continued(query, token)
    async with deps.read_session() as session:
        found, token = await usage_page(session, query, wanted.page_size)
    views = [usage_view(line, deps.limits.currency) for line in found]
    return Page(items=views, next_cursor=cursor_of_token(token))


def usage_view(line: MeteredSums, currency: str) -> UsageView:
    """A line as callers see it: hours and cost to a millionth."""
    names = line.names
    started, ended = names.get("started_ms"), names.get("ended_ms")
    shown = {name: names.get(name) for name in ("service", "service_id", "version", "version_id", "pod", "run")}
    return UsageView(
        period=line.window.label,
        period_start=moment_of(line.window.start_ms),
        period_end=moment_of(line.window.end_ms),
        project=names["project"],
        **shown,
        started_at=None if started is None else moment_of(started),
        ended_at=None if ended is None else moment_of(ended),
        runs=line.runs,
        pod_seconds=line.pod_ms / 1000,
        pod_hours=round(line.pod_ms / HOUR_MS, 6),
        cpu_hours=round(line.cpu_ms / HOUR_MS, 6),
        memory_gb_hours=round(line.memory_gb_ms / HOUR_MS, 6),
        gpu_hours=round(line.gpu_ms / HOUR_MS, 6),
        cost=round(line.price_ms / HOUR_MS, 6),
        currency=currency,
    )


async def _exported(deps: ApiDependencies, query: UsageQuery) -> Response:
    """Every line, as RFC 4180 has it."""
    written = io.StringIO()
    rows = csv.writer(written)
    rows.writerow(UsageView.model_fields)
    async with deps.read_session() as session:
        async for line in usage_lines(session, query):
            view = usage_view(line, deps.limits.currency).model_dump(mode="json")
            rows.writerow([safe_cell(value) for value in view.values()])
    headers = {"content-disposition": 'attachment; filename="usage.csv"', "vary": "Accept"}
    return Response(written.getvalue().encode(), media_type="text/csv; charset=utf-8; header=present", headers=headers)


def safe_cell(value: object) -> object:
    """`value` for a spreadsheet: text that it would take for a formula begins with an apostrophe; None is empty."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _prefers_csv(accept: str | None) -> bool:
    """Whether `Accept` names CSV, and JSON not before it."""
    kinds = [part.partition(";")[0].strip().lower() for part in (accept or "").split(",")]
    return "text/csv" in kinds and "application/json" not in kinds[: kinds.index("text/csv")]
