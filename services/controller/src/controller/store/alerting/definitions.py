"""Channels, silences and maintenance: one by one, and all that somebody may see."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import or_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, func, select

from controller.store.tables import ChannelRow, MaintenanceRow, SecretRow, ServiceRow, SilenceRow
from shared.errors import NotFound

Row = TypeVar("Row", ChannelRow, SilenceRow, MaintenanceRow)


async def load_channel(session: AsyncSession, name: str, *, for_update: bool = False) -> ChannelRow:
    """A channel by name; `NotFound` names it."""
    query = select(ChannelRow).where(ChannelRow.name == name)
    row = (await session.scalars(query.with_for_update() if for_update else query)).one_or_none()
    if row is None:
        raise NotFound(f"There is no channel {name[:64]!r}")
    return row


async def load_silence(session: AsyncSession, identity: UUID, *, for_update: bool = False) -> SilenceRow:
    """A silence by id."""
    row = await session.get(SilenceRow, identity, with_for_update=for_update)
    if row is None:
        raise NotFound("There is no such silence")
    return row


async def load_window(session: AsyncSession, name: str, *, for_update: bool = False) -> MaintenanceRow:
    """Maintenance by name; `NotFound` names it."""
    query = select(MaintenanceRow).where(MaintenanceRow.name == name)
    row = (await session.scalars(query.with_for_update() if for_update else query)).one_or_none()
    if row is None:
        raise NotFound(f"There is no maintenance window {name[:64]!r}")
    return row


async def visible_channels(session: AsyncSession, projects: Collection[str] | None) -> list[ChannelRow]:
    """Channels by name; the installation's and those of `projects` only, where given."""
    return await _visible(session, ChannelRow, projects, ChannelRow.name)


async def visible_silences(
    session: AsyncSession, projects: Collection[str] | None, ends_after: datetime | None = None
) -> list[SilenceRow]:
    """Silences, newest first; those that end later than `ends_after`, where given."""
    query = _seen(SilenceRow, projects).order_by(col(SilenceRow.id).desc())
    if ends_after is not None:
        query = query.where(col(SilenceRow.ends_at) > ends_after)
    return list((await session.scalars(query)).all())


async def ended_silences(session: AsyncSession, before: datetime) -> list[SilenceRow]:
    """Silences that ended before then."""
    return list((await session.scalars(select(SilenceRow).where(col(SilenceRow.ends_at) < before))).all())


async def visible_windows(
    session: AsyncSession, projects: Collection[str] | None
) -> list[tuple[MaintenanceRow, str | None]]:
    """Maintenance by name, each with its service."""
    query: Any = (
        select(MaintenanceRow, ServiceRow.name)
        .join(ServiceRow, col(ServiceRow.id) == col(MaintenanceRow.service_id), isouter=True)
        .order_by(col(MaintenanceRow.name))
    )
    if projects is not None:
        query = query.where(_of_projects(MaintenanceRow, projects))
    return [(row, service) for row, service in (await session.execute(query)).all()]


async def windows_of(session: AsyncSession, service_id: UUID) -> list[MaintenanceRow]:
    """Maintenance of one service."""
    return list((await session.scalars(select(MaintenanceRow).where(MaintenanceRow.service_id == service_id))).all())


async def of_project(session: AsyncSession, project: str) -> list[SilenceRow | MaintenanceRow]:
    """Silences and maintenance of one project."""
    silences = (await session.scalars(select(SilenceRow).where(SilenceRow.project == project))).all()
    windows = (await session.scalars(select(MaintenanceRow).where(MaintenanceRow.project == project))).all()
    return [*silences, *windows]


async def count_of(session: AsyncSession, table: type[ChannelRow] | type[MaintenanceRow]) -> int:
    """How many there are."""
    return int((await session.execute(select(func.count()).select_from(table))).scalar_one())


async def is_there(session: AsyncSession, table: type[ChannelRow] | type[MaintenanceRow], name: str) -> bool:
    """Whether one has this name, whoever may see it."""
    return (await session.scalars(select(table.id).where(table.name == name))).first() is not None


async def channels_with(session: AsyncSession, secret: str) -> list[str]:
    """Channels that a secret opens; at most five."""
    query = select(ChannelRow.name).where(ChannelRow.secret == secret).order_by(col(ChannelRow.name)).limit(5)
    return list((await session.scalars(query)).all())


async def with_secrets(session: AsyncSession) -> list[tuple[ChannelRow, int]]:
    """Every channel, each with the revision of its secret; 0 for none."""
    query = (
        select(ChannelRow, SecretRow.revision)
        .join(SecretRow, col(SecretRow.name) == col(ChannelRow.secret), isouter=True)
        .order_by(col(ChannelRow.name))
    )
    return [(row, revision or 0) for row, revision in (await session.execute(query)).all()]


async def projects_of_services(session: AsyncSession) -> dict[str, str]:
    """Service → project."""
    query = select(ServiceRow.name, ServiceRow.project).order_by(col(ServiceRow.name))
    return {name: project for name, project in (await session.execute(query)).all()}


def _of_projects(table: type[Row], projects: Collection[str]) -> Any:
    return or_(col(table.project).is_(None), col(table.project).in_(projects))


def _seen(table: type[Row], projects: Collection[str] | None) -> Any:
    query: Any = select(table)
    return query if projects is None else query.where(_of_projects(table, projects))


async def _visible(session: AsyncSession, table: type[Row], projects: Collection[str] | None, by: Any) -> list[Row]:
    return list((await session.scalars(_seen(table, projects).order_by(by))).all())
