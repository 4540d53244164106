"""`/alerts`: what is wrong now, and was; who takes care of it; whom it was told."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from controller.api.alerting.ownership import require, require_visible
from controller.api.dependencies import Actor, CurrentPrincipal, Dependencies
from controller.api.pagination import Page
from controller.domain.access.roles import Role
from controller.domain.commands import Command, Text
from controller.store.audit import AuditedResource, record_action
from shared.contracts.alerting.alerts import (
    Acknowledgement,
    AlertDetail,
    AlertEntry,
    AlertPage,
    AlertQuery,
    AlertSeverity,
    AlertsQuery,
    AlertState,
)
from shared.contracts.rpc.alerts import ACKNOWLEDGE_ALERT, ALERT, ALERTS

router = APIRouter(tags=["alerts"])

MISSING = "There is no such alert, or it is not kept any more"


class AlertFilter(BaseModel):
    """Which alerts."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    state: AlertState | None = Field(default=None, description="open, acknowledged, silenced or resolved.")
    service: Annotated[str, Field(max_length=63)] | None = None
    monitor: Annotated[str, Field(max_length=160)] | None = Field(default=None, description="Name of the rule.")
    severity: AlertSeverity | None = None
    page_size: int = Field(default=100, ge=1, le=1000)
    cursor: Annotated[str, Field(max_length=512)] | None = None


class AcknowledgeCommand(Command):
    """Somebody takes care of it."""

    comment: Text = ""


@router.get("/alerts", response_model=Page[AlertEntry])
async def list_alerts(
    deps: Dependencies, principal: CurrentPrincipal, wanted: Annotated[AlertFilter, Query()]
) -> Page[AlertEntry]:
    """Alerts of the caller's projects, newest first."""
    projects = None if principal.projects is None else tuple(sorted(principal.projects))
    query = AlertsQuery(projects=projects, limit=wanted.page_size, **wanted.model_dump(exclude={"page_size"}))
    page = await deps.call(ALERTS, query, AlertPage)
    return Page(items=list(page.items), next_cursor=page.next_cursor)


@router.get("/alerts/{alert}", response_model=AlertDetail)
async def read_alert(alert: UUID, deps: Dependencies, principal: CurrentPrincipal) -> AlertDetail:
    """One alert, and whom it was told: each delivery with its attempts and what the receiver answered."""
    found = await deps.call(ALERT, AlertQuery(id=alert), AlertDetail)
    if not principal.is_admin:
        require_visible(principal, found.project or "", MISSING)
    return found


@router.post("/alerts/{alert}/acknowledge", response_model=AlertEntry)
async def acknowledge_alert(
    alert: UUID, command: AcknowledgeCommand, deps: Dependencies, actor: Actor, principal: CurrentPrincipal
) -> AlertEntry:
    """Take care of an alert: it is not told again unless it gets worse. Needs an editor of its project."""
    found = await deps.call(ALERT, AlertQuery(id=alert), AlertDetail)
    if not principal.is_admin:
        require(principal, Role.EDITOR, found.project or "", MISSING)
    taken = Acknowledgement(id=alert, by=principal.name, comment=command.comment or None)
    answer = await deps.call(ACKNOWLEDGE_ALERT, taken, AlertEntry)
    async with deps.unit_of_work(actor) as unit:
        subject = AuditedResource("alert", str(alert), found.project)
        record_action(unit.session, actor, unit.now, subject, "acknowledged")
    return answer
