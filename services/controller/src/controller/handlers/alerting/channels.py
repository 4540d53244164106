"""Use cases of channels: defined here, used by the monitor, which asks for credentials each time it sends."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from controller.domain.alerting.channels import MOST_CHANNELS, ChannelCommand, NewChannel, RouteCommand
from controller.domain.names import taken
from controller.domain.registries.secrets import SecretKind, Vault
from controller.handlers.registries.secrets import check_named_secret, unsealed_fields
from controller.handlers.unit_of_work import UnitOfWork
from controller.store.access.people import load_project
from controller.store.alerting.definitions import count_of, is_there
from controller.store.registries.secrets import load_secret, secret_by_name
from controller.store.tables import ChannelRow
from shared.contracts.alerting.alerts import ChannelCredentials, ChannelRoute, RoutedChannel
from shared.contracts.alerting.channel_credentials import check_credentials
from shared.contracts.alerting.channels import ChannelDefinition
from shared.database import Database
from shared.errors import Conflict, NotFound


async def create_channel(unit: UnitOfWork, vault: Vault, command: NewChannel) -> ChannelRow:
    """A new channel; `Conflict` when the name is taken, or there are many."""
    if command.project is not None:
        await load_project(unit.session, command.project)
    if await is_there(unit.session, ChannelRow, command.name):
        raise taken(f"There is already a channel {command.name!r}")
    if await count_of(unit.session, ChannelRow) >= MOST_CHANNELS:
        raise Conflict(f"There may be {MOST_CHANNELS} channels")
    row = ChannelRow(
        name=command.name,
        project=command.project,
        **await _checked(unit, vault, command, command.project),
        creator=unit.actor,
        created_at=unit.now,
        updated_at=unit.now,
    )
    unit.session.add(row)
    await unit.session.flush()
    return row


async def replace_channel(unit: UnitOfWork, vault: Vault, row: ChannelRow, command: ChannelCommand) -> None:
    """Define it anew; one that was dead is tried again."""
    for name, value in (await _checked(unit, vault, command, row.project)).items():
        setattr(row, name, value)
    row.revision += 1
    row.updated_at = unit.now


async def _checked(unit: UnitOfWork, vault: Vault, command: ChannelCommand, project: str | None) -> dict[str, Any]:
    if command.secret is not None:
        await check_named_secret(unit.session, command.secret, SecretKind(command.kind), project)
        held = unsealed_fields(vault, await load_secret(unit.session, command.secret))
        check_credentials(command.kind, command.options, held)
    return command.model_dump(mode="json", exclude={"name", "project"})


def routed_channel(row: ChannelRow, secret_revision: int) -> RoutedChannel:
    """As the monitor knows it."""
    definition = ChannelDefinition(
        is_paused=row.paused,
        **row.model_dump(
            include={"id", "project", "name", "kind", "revision", "language", "time_zone", "options", "secret"}
        ),
    )
    route = {name: value for name, value in row.route.items() if name != "repeat_interval"}
    interval = repeat_interval_s(row.route)
    return RoutedChannel(
        channel=definition,
        route=ChannelRoute(**route, repeat_interval_s=interval),
        secret_revision=secret_revision,
    )


def repeat_interval_s(route: dict[str, Any]) -> float:
    """The repeat interval of a stored route, in seconds."""
    return RouteCommand.model_validate(route).repeat_interval.total_seconds()


async def testable_channel(session: AsyncSession, row: ChannelRow) -> RoutedChannel:
    """A channel as it is now, for a test."""
    secret = None if row.secret is None else await secret_by_name(session, row.secret)
    return routed_channel(row, 0 if secret is None else secret.revision)


async def channel_credentials(database: Database, vault: Vault, channel: UUID) -> ChannelCredentials:
    """What the monitor sends with: for this moment alone."""
    async with database.read() as session:
        row = await session.get(ChannelRow, channel)
        if row is None:
            raise NotFound("There is no such channel any more")
        if row.secret is None:
            return ChannelCredentials(values={})
        secret = await secret_by_name(session, row.secret)
        if secret is None:
            raise NotFound(f"Its secret {row.secret!r} is gone")
        return ChannelCredentials(values=unsealed_fields(vault, secret))
