"""`/audit`: who changed what, with before and after."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from controller.api.dependencies import CurrentPrincipal, Dependencies
from controller.api.pagination import Page, cursor_after, cursor_of_page, cursor_position
from controller.domain.access.roles import Principal, Role
from controller.domain.times import Moment
from controller.store.access.audit_log import AuditFilter, page_of_audit

router = APIRouter(tags=["audit"])

Word = Annotated[str, Field(max_length=255)]


class AuditView(BaseModel):
    """One change of one resource. `action`: `created`, `updated` (only what differs stands in `before` and `after`),
    `deleted`, or what else was done: `restarted`, `replayed`."""

    id: UUID
    at: datetime
    actor: str
    operation: str
    request_id: str
    project: str | None
    resource_kind: str
    resource_name: str
    action: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class AuditQuery(BaseModel):
    """Which changes."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    project: Word | None = None
    actor: Word | None = None
    resource_kind: Word | None = None
    resource_name: Word | None = None
    from_time: Moment | None = Field(default=None, alias="from", description="ISO-8601 with a zone.")
    to_time: Moment | None = Field(default=None, alias="to", description="ISO-8601 with a zone.")
    page_size: int = Field(default=100, ge=1, le=1000)
    cursor: Annotated[str, Field(max_length=512)] | None = None


@router.get("/audit", response_model=Page[AuditView])
async def list_audit(
    deps: Dependencies, principal: CurrentPrincipal, wanted: Annotated[AuditQuery, Query()]
) -> Page[AuditView]:
    """Changes, newest first: an administrator's view is of everything, others see projects that they are admin of."""
    only = AuditFilter(_projects(principal), **wanted.model_dump(exclude={"page_size", "cursor"}))
    async with deps.read_session() as session:
        found = await page_of_audit(session, only, cursor_position(wanted.cursor), wanted.page_size + 1)
    shown = [AuditView.model_validate(row, from_attributes=True) for row in found[: wanted.page_size]]
    return Page(items=shown, next_cursor=cursor_of_page(found, wanted.page_size, lambda line: cursor_after(line.id)))


def _projects(principal: Principal) -> frozenset[str] | None:
    if principal.is_admin:
        return None
    return frozenset(project for project, role in principal.roles.items() if role is Role.ADMIN)
