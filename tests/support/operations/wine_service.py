"""A service with a version that is started, and the events that the controller has in its outbox."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from running_services.running_controller import Controller, wine


async def published(controller: Controller, name: str = "wine-quality", **version: Any) -> Any:
    """A new service, its first version started."""
    body = {"name": name, "start": True, "version": wine(**version)}
    return await controller.call("POST", "/services", 201, json=body)


async def events(controller: Controller) -> list[str]:
    """Types of the events in the outbox, oldest first."""
    async with controller.app.dependencies.database.read() as session:
        rows = await session.execute(text("select subject from outbox order by seq"))
    return [subject.removeprefix("penstock.events.") for (subject,) in rows]
