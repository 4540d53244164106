"""Reading the audit log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from controller.store.tables import AuditRow


@dataclass(frozen=True)
class AuditFilter:
    """Which lines; None does not filter. `projects`: only these (and no line of the installation itself)."""

    projects: frozenset[str] | None = None
    project: str | None = None
    actor: str | None = None
    resource_kind: str | None = None
    resource_name: str | None = None
    from_time: datetime | None = None
    to_time: datetime | None = None
    actions: frozenset[str] | None = None


async def page_of_audit(session: AsyncSession, wanted: AuditFilter, before: UUID | None, size: int) -> list[AuditRow]:
    """Up to `size` lines written before `before`, newest first."""
    query = select(AuditRow).order_by(col(AuditRow.id).desc()).limit(size)
    if wanted.projects is not None:
        query = query.where(col(AuditRow.project).in_(wanted.projects))
    for column in ("project", "actor", "resource_kind", "resource_name"):
        if (value := getattr(wanted, column)) is not None:
            query = query.where(getattr(AuditRow, column) == value)
    if wanted.actions is not None:
        query = query.where(col(AuditRow.action).in_(wanted.actions))
    if wanted.from_time is not None:
        query = query.where(col(AuditRow.at) >= wanted.from_time)
    if wanted.to_time is not None:
        query = query.where(col(AuditRow.at) < wanted.to_time)
    if before is not None:
        query = query.where(col(AuditRow.id) < before)
    return list((await session.scalars(query)).all())


async def last_project_of_service(session: AsyncSession, service: str) -> str | None:
    """Whose the service of that name was that was deleted last; None where there was none."""
    query = select(AuditRow.project).where(AuditRow.resource_name == service, AuditRow.resource_kind == "service")
    query = query.where(AuditRow.action == "deleted").order_by(col(AuditRow.id).desc()).limit(1)
    return (await session.scalars(query)).one_or_none()
