"""`/services/{s}/versions/{v}/history`: who changed what of a version, readable, from the audit log."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field

from controller.api.dependencies import Dependencies
from controller.api.pagination import Cursor, Page, PageSize, cursor_of_token, token_of_cursor, unknown_cursor
from controller.api.services.views import FieldChangeView
from controller.domain.services.field_changes import history_entry
from controller.store.access.audit_log import AuditFilter, page_of_audit
from controller.store.services.services import load_service
from controller.store.tables import AuditRow

router = APIRouter(tags=["versions"])

_CHANGES = frozenset({"created", "updated"})
"""Actions of the audit log that changed the version's row; a debug request did not."""


class HistoryView(BaseModel):
    """One change of a version."""

    at: datetime
    actor: str = Field(description="A user, or `penstock` for what the platform did by itself.")
    action: str = Field(
        description="`created`, `updated`, `started`, `stopped`, `restarted`, `rolled_back`; `traffic`: only its share."
    )
    generation: int = Field(description="Generation of the version after the change; each reaches its pods.")
    changes: list[FieldChangeView]


@router.get("/services/{service}/versions/{version}/history", response_model=Page[HistoryView])
async def version_history(
    service: str, version: str, deps: Dependencies, page_size: PageSize = 100, cursor: Cursor = None
) -> Page[HistoryView]:
    """Changes of a version, newest first, back to its creation: who, what, before and after."""
    async with deps.read_session() as session:
        row = (await load_service(session, service)).version(version).row
        # A deleted version of the same name has lines too, older than this one.
        name = f"{service}/{version}"
        wanted = AuditFilter(resource_kind="version", resource_name=name, from_time=row.created_at, actions=_CHANGES)
        before, generation = _position(cursor) or (None, row.generation)
        found = await page_of_audit(session, wanted, before, page_size + 1)
    items = []
    for line in found[:page_size]:
        generation, older = _generations(line, generation)
        items.append(_view(line, generation))
        generation = older
    following = cursor_of_token(f"{found[page_size - 1].id}/{generation}") if len(found) > page_size else None
    return Page(items=items, next_cursor=following)


def _generations(line: AuditRow, newest: int) -> tuple[int, int]:
    """The generation after a change and before it; `newest` where the change made no other one."""
    after, before = (line.after or {}).get("generation", newest), (line.before or {}).get("generation")
    return after, after if before is None else before


def _view(line: AuditRow, generation: int) -> HistoryView:
    entry = history_entry(line.action, line.operation, line.before, line.after)
    changes = [FieldChangeView.model_validate(change, from_attributes=True) for change in entry.changes]
    return HistoryView(at=line.at, actor=line.actor, action=entry.action, generation=generation, changes=changes)


def _position(cursor: str | None) -> tuple[UUID, int] | None:
    """The last line of the page before, and the generation that it began with."""
    token = token_of_cursor(cursor)
    if token is None:
        return None
    last, _, generation = token.partition("/")
    try:
        return UUID(last), int(generation)
    except ValueError as wrong:
        raise unknown_cursor() from wrong
