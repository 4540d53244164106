"""What a version records, and where to: checked against every other version's."""

from __future__ import annotations

from typing import Any

from controller.domain.inference_tables.locations import check_apart, checked_destination
from controller.domain.services.version_commands import LogDelivery
from controller.handlers.unit_of_work import UnitOfWork
from controller.store.inference_tables.destinations import usable_destinations
from controller.store.services.services import destinations
from controller.store.tables import ServiceRow


async def log_delivery_of(unit: UnitOfWork, service: ServiceRow, command: LogDelivery) -> dict[str, Any]:
    """As it is stored; raises `InvalidInput` for a destination that the service may not use."""
    stored = command.model_dump(mode="json")
    if command.log_stream is False:
        del stored["log_stream"]  # as before there was one
    if not command.masking:
        del stored["masking"]
    if command.destination is not None:
        roots = unit.limits.table_roots
        usable = await usable_destinations(unit.session)
        stored["destination"] = checked_destination(command.destination, roots, service.project, usable)
        check_apart(service.name, stored["destination"], roots, await destinations(unit.session))
    return stored
