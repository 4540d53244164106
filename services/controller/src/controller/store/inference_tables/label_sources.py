"""Label sources of services."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from controller.domain.inference_tables.locations import S3, nearest_destination, place_of
from controller.store.inference_tables.destinations import every_destination, usable
from controller.store.tables import LabelSourceRow, ServiceRow
from shared.errors import NotFound


async def sources_of(session: AsyncSession, service_id: UUID) -> list[LabelSourceRow]:
    """Those of one service, by name."""
    query = select(LabelSourceRow).where(LabelSourceRow.service_id == service_id).order_by(col(LabelSourceRow.name))
    return list((await session.scalars(query)).all())


async def load_source(session: AsyncSession, service: str, name: str, *, for_update: bool = False) -> LabelSourceRow:
    """One source of a service; `NotFound` names it."""
    query = (
        select(LabelSourceRow)
        .join(ServiceRow, col(ServiceRow.id) == col(LabelSourceRow.service_id))
        .where(ServiceRow.name == service, LabelSourceRow.name == name)
    )
    row = (await session.scalars(query.with_for_update(of=LabelSourceRow) if for_update else query)).one_or_none()
    if row is None:
        raise NotFound(f"Service {service[:64]!r} has no label source {name[:64]!r}")
    return row


async def every_source(session: AsyncSession) -> list[tuple[LabelSourceRow, str]]:
    """All of them, each with the name of its service."""
    query = (
        select(LabelSourceRow, ServiceRow.name)
        .join(ServiceRow, col(ServiceRow.id) == col(LabelSourceRow.service_id))
        .order_by(col(LabelSourceRow.id))
    )
    return [(row, service) for row, service in (await session.execute(query)).all()]


async def sources_with(session: AsyncSession, secret: str) -> list[str]:
    """Sources whose database a secret opens, as `<service>/<source>`; at most five."""
    found = [f"{service}/{row.name}" for row, service in await every_source(session) if row.secret == secret]
    return found[:5]


async def sources_in(session: AsyncSession, destination: str) -> list[str]:
    """Sources that are read through a destination, as `<service>/<source>`; at most five."""
    every = [usable(row) for row in await every_destination(session)]
    found = []
    for row, service in await every_source(session):
        if row.location is None or not row.location.startswith(S3):
            continue
        nearest = nearest_destination(place_of(row.location), every)
        if nearest is not None and nearest.name == destination:
            found.append(f"{service}/{row.name}")
    return found[:5]
