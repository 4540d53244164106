"""Quality rules of services."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from controller.domain.inference_tables.locations import S3, nearest_destination, place_of
from controller.store.inference_tables.destinations import every_destination, usable
from controller.store.tables import MonitorRow, ServiceRow
from shared.errors import NotFound


async def monitors_of(session: AsyncSession, service_id: UUID) -> list[MonitorRow]:
    """Those of one service, by name."""
    query = select(MonitorRow).where(MonitorRow.service_id == service_id).order_by(col(MonitorRow.name))
    return list((await session.scalars(query)).all())


async def load_monitor(session: AsyncSession, service: str, name: str, *, for_update: bool = False) -> MonitorRow:
    """One rule of a service; `NotFound` names it."""
    query = (
        select(MonitorRow)
        .join(ServiceRow, col(ServiceRow.id) == col(MonitorRow.service_id))
        .where(ServiceRow.name == service, MonitorRow.name == name)
    )
    row = (await session.scalars(query.with_for_update(of=MonitorRow) if for_update else query)).one_or_none()
    if row is None:
        raise NotFound(f"Service {service[:64]!r} has no monitor {name[:64]!r}")
    return row


async def every_monitor(session: AsyncSession) -> list[tuple[MonitorRow, ServiceRow]]:
    """All of them, each with its service."""
    query = (
        select(MonitorRow, ServiceRow)
        .join(ServiceRow, col(ServiceRow.id) == col(MonitorRow.service_id))
        .order_by(col(MonitorRow.id))
    )
    return [(row, service) for row, service in (await session.execute(query)).all()]


async def monitors_in(session: AsyncSession, destination: str) -> list[str]:
    """Rules whose baseline is read through a destination, as `<service>/<monitor>`; at most five."""
    every = [usable(row) for row in await every_destination(session)]
    found = []
    for row, service in await every_monitor(session):
        location = (row.baseline or {}).get("location") or ""
        if location.startswith(S3):
            nearest = nearest_destination(place_of(location), every)
            if nearest is not None and nearest.name == destination:
                found.append(f"{service.name}/{row.name}")
    return found[:5]
