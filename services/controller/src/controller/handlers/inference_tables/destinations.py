"""Use cases of destinations, and what the inference-logger is told of them."""

from __future__ import annotations

from typing import Any

from controller.domain.inference_tables.destinations import DestinationDefinition, NewDestination
from controller.domain.inference_tables.locations import S3, checked_definition, place_of
from controller.domain.names import taken
from controller.domain.registries.secrets import SecretKind, Vault, check_fields
from controller.handlers.registries.secrets import check_named_secret, unsealed_fields
from controller.handlers.unit_of_work import UnitOfWork
from controller.store.access.people import load_project
from controller.store.inference_tables.destinations import (
    every_destination,
    load_destination,
    users_of_destination,
    with_secrets,
)
from controller.store.inference_tables.label_sources import sources_in
from controller.store.quality.monitors import monitors_in
from controller.store.registries.secrets import load_secret
from controller.store.tables import DestinationRow
from shared.contracts.rpc.controller import Destination, DestinationList, StorageCredentials
from shared.database import Database
from shared.errors import Conflict, Detail, InvalidInput, NotFound


async def create_destination(unit: UnitOfWork, command: NewDestination) -> DestinationRow:
    """A new destination; `Conflict` when the name or the place is taken."""
    if command.project is not None:
        await load_project(unit.session, command.project)
    if await unit.session.get(DestinationRow, command.name) is not None:
        raise taken(f"There is already a destination {command.name!r}")
    values = await _checked(unit, command, command.project, None)
    row = DestinationRow(
        name=command.name,
        project=command.project,
        **values,
        creator=unit.actor,
        created_at=unit.now,
        updated_at=unit.now,
    )
    unit.session.add(row)
    await unit.session.flush()
    return row


async def replace_destination(unit: UnitOfWork, row: DestinationRow, command: DestinationDefinition) -> None:
    """Define it anew; its place may change only while no version uses it."""
    values = await _checked(unit, command, row.project, row.name)
    if values["url"] != row.url:
        await _must_be_unused(unit, row, "its url cannot change")
    for name, value in values.items():
        setattr(row, name, value)
    row.revision += 1
    row.updated_at = unit.now


async def delete_destination(unit: UnitOfWork, row: DestinationRow) -> None:
    """Forget a destination that no version uses; its tables stay where they are."""
    await _must_be_unused(unit, row, "it cannot be deleted")
    await unit.session.delete(row)


async def _must_be_unused(unit: UnitOfWork, row: DestinationRow, why: str) -> None:
    read = [f"label source {name}" for name in await sources_in(unit.session, row.name)]
    read += [f"monitor {name}" for name in await monitors_in(unit.session, row.name)]
    if users := [*await users_of_destination(unit.session, row.name), *read][:5]:
        raise Conflict(f"Destination {row.name!r} is used by {', '.join(users)}: {why}")


async def _checked(
    unit: UnitOfWork, command: DestinationDefinition, project: str | None, name: str | None
) -> dict[str, Any]:
    url = checked_definition(command.url, unit.limits.table_roots, project)
    others = [row for row in await every_destination(unit.session) if row.name != name]
    if other := next((row.name for row in others if row.url == url), None):
        raise taken(f"Destination {other!r} lies there already", "url")
    if url.startswith(S3):
        _check_endpoint(command, url, project, others)
        if command.secret is not None:
            await check_named_secret(unit.session, command.secret, SecretKind.S3, project)
        elif project is not None:
            raise _refused("a project's destination needs a secret: the logger's own credentials are not its", "secret")
    return command.model_dump(include={"endpoint", "region", "path_style", "secret"}) | {"url": url}


def _check_endpoint(
    command: DestinationDefinition, url: str, project: str | None, others: list[DestinationRow]
) -> None:
    """A bucket is one bucket; and a project reaches no host that an administrator has not named."""
    bucket = place_of(url).parts[:2]
    same = [row for row in others if place_of(row.url).parts[:2] == bucket]
    if other := next((row.name for row in same if row.endpoint != command.endpoint), None):
        raise taken(f"Destination {other!r} names another endpoint for bucket {bucket[1]}", "endpoint")
    known = {row.endpoint for row in others if row.project is None}
    if project is not None and command.endpoint is not None and command.endpoint not in known:
        raise _refused("endpoint: a project's destination is at AWS, or where one of the installation's is", "endpoint")


def _refused(message: str, field: str) -> InvalidInput:
    return InvalidInput(message, (Detail((field,), message),))


async def defined_destinations(database: Database) -> DestinationList:
    """What the inference-logger is told: everything but credentials."""
    async with database.read() as session:
        found = await with_secrets(session)
    return DestinationList(
        items=tuple(
            Destination(
                name=row.name,
                url=row.url,
                endpoint=row.endpoint,
                region=row.region,
                path_style=row.path_style,
                has_secret=row.secret is not None,
                revision=row.revision,
                secret_revision=revision,
            )
            for row, revision in found
        )
    )


async def storage_credentials(database: Database, vault: Vault, destination: str) -> StorageCredentials:
    """Who the inference-logger is to the store of a destination."""
    async with database.read() as session:
        row = await load_destination(session, destination)
        if row.secret is None:
            raise NotFound(f"Destination {destination!r} has no secret")
        secret = await load_secret(session, row.secret)
        data = unsealed_fields(vault, secret)
    check_fields(SecretKind.S3, data)
    return StorageCredentials(**data)
