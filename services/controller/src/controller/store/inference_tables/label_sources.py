"""Label sources of services."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from controller.store.inference_tables.destinations import ReadThrough
from controller.store.service_definitions import ServiceDefinitions
from controller.store.tables import LabelSourceRow

SOURCES = ServiceDefinitions(LabelSourceRow, "label source")


async def sources_with(session: AsyncSession, secret: str) -> list[str]:
    """Sources whose database a secret opens, as `<service>/<source>`; at most five."""
    found = [f"{service.name}/{row.name}" for row, service in await SOURCES.every(session) if row.secret == secret]
    return found[:5]


async def sources_in(session: AsyncSession, destination: str) -> list[str]:
    """Sources that are read through a destination, as `<service>/<source>`; at most five."""
    through = await ReadThrough.load(session, destination)
    found = [f"{service.name}/{row.name}" for row, service in await SOURCES.every(session) if through(row.location)]
    return found[:5]
