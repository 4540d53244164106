"""Quality rules of services."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from controller.store.inference_tables.destinations import ReadThrough
from controller.store.service_definitions import ServiceDefinitions
from controller.store.tables import MonitorRow

MONITORS = ServiceDefinitions(MonitorRow, "monitor")


async def monitors_in(session: AsyncSession, destination: str) -> list[str]:
    """Rules whose baseline is read through a destination, as `<service>/<monitor>`; at most five."""
    through = await ReadThrough.load(session, destination)
    every = await MONITORS.every(session)
    found = [f"{service.name}/{row.name}" for row, service in every if through((row.baseline or {}).get("location"))]
    return found[:5]
