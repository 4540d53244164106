"""Use cases of label sources: defined here, read by the inference-logger, which asks for what is defined."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from controller.domain.inference_tables.label_sources import (
    MOST_SOURCES,
    LabelSourceDefinition,
    NewLabelSource,
    checked_location,
    place_name,
    stored_fields,
)
from controller.domain.registries.secrets import SecretKind, Vault, check_fields
from controller.handlers.registries.secrets import check_named_secret, unsealed_fields
from controller.handlers.unit_of_work import UnitOfWork
from controller.store.inference_tables.destinations import usable_destinations
from controller.store.inference_tables.label_sources import every_source, sources_of
from controller.store.registries.secrets import load_secret
from controller.store.tables import LabelSourceRow, ServiceRow
from shared.contracts.inference_tables.label_sources import DatabaseAccess, LabelSource, LabelSourceList
from shared.database import Database
from shared.errors import Conflict, NotFound


async def create_source(unit: UnitOfWork, service: ServiceRow, command: NewLabelSource) -> LabelSourceRow:
    """A new source; `Conflict` when the name is taken, or there are many."""
    others = await sources_of(unit.session, service.id)
    if any(row.name == command.name for row in others):
        raise Conflict(f"Service {service.name!r} has a label source {command.name!r} already")
    if len(others) >= MOST_SOURCES:
        raise Conflict(f"A service may have {MOST_SOURCES} label sources")
    row = LabelSourceRow(
        service_id=service.id,
        name=command.name,
        **await _checked(unit, service, command),
        creator=unit.actor,
        created_at=unit.now,
        updated_at=unit.now,
    )
    unit.session.add(row)
    await unit.session.flush()
    return row


async def replace_source(
    unit: UnitOfWork, service: ServiceRow, row: LabelSourceRow, command: LabelSourceDefinition
) -> None:
    """Define it anew; where it lies elsewhere, or other columns are meant, it is read from the beginning."""
    for name, value in (await _checked(unit, service, command)).items():
        setattr(row, name, value)
    row.revision += 1
    row.updated_at = unit.now


async def _checked(unit: UnitOfWork, service: ServiceRow, command: LabelSourceDefinition) -> dict[str, Any]:
    values = stored_fields(command) | {"location": None, "root": None}
    if command.location is not None:
        usable = await usable_destinations(unit.session)
        identity = (service.name, service.project)
        location, root = checked_location(command.location, unit.limits.table_roots, identity, usable)
        values |= {"location": location, "root": root}
    if command.secret is not None:
        await check_named_secret(unit.session, command.secret, SecretKind.POSTGRESQL, service.project)
    return values


async def defined_sources(database: Database) -> LabelSourceList:
    """What the inference-logger is told: everything but credentials."""
    async with database.read() as session:
        return LabelSourceList(items=tuple(_told(row, service) for row, service in await every_source(session)))


def _told(row: LabelSourceRow, service: str) -> LabelSource:
    return LabelSource(
        service=service,
        location=None if row.location is None else place_name(row.location),
        keys=row.key,
        labels={"": row.label} if isinstance(row.label, str) else row.label,
        is_paused=row.paused,
        **row.model_dump(
            include={"id", "name", "revision", "format", "root", "query", "growing", "row", "labelled_at", "schedule"}
        ),
    )


async def source_access(database: Database, vault: Vault, source: UUID, allowed: tuple[str, ...]) -> DatabaseAccess:
    """How the inference-logger reaches the database of a source."""
    async with database.read() as session:
        row = await session.get(LabelSourceRow, source)
        if row is None or row.secret is None:
            raise NotFound("There is no such label source")
        data = unsealed_fields(vault, await load_secret(session, row.secret))
    check_fields(SecretKind.POSTGRESQL, data)
    return DatabaseAccess(url=data["url"], allowed=allowed)


async def delete_source(session: AsyncSession, row: LabelSourceRow) -> None:
    """Forget it; the labels that it brought stay."""
    await session.delete(row)
