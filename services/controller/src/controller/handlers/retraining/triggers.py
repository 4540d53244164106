"""Use cases of retraining triggers: defined here, acted on by the monitor, which asks for what is defined."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncSession

from controller.domain.registries.secrets import SecretKind, Vault, check_fields
from controller.domain.retraining.actions import SECRET_KINDS, JobTarget, check_address
from controller.domain.retraining.triggers import MANUAL, MOST_TRIGGERS, NewTrigger, TriggerDefinition
from controller.handlers.registries.environment_secrets import lock_environment_secrets
from controller.handlers.registries.secrets import check_named_secret, unsealed_fields
from controller.handlers.resources.groups import resources_for
from controller.handlers.unit_of_work import UnitOfWork
from controller.store.registries.secrets import load_secret
from controller.store.retraining.triggers import TRIGGERS
from controller.store.services.services import load_service, read_services
from controller.store.tables import RetrainingTriggerRow, ServiceRow, VersionRow
from shared.contracts.alerting.channel_values import webhook_key
from shared.contracts.retraining import (
    AlertMatch,
    RetrainingAccess,
    RetrainingAction,
    RetrainingGuards,
    RetrainingTrigger,
    RetrainingTriggerList,
)
from shared.database import Database
from shared.errors import Detail, InvalidInput, NotFound

_ACTION: TypeAdapter[RetrainingAction] = TypeAdapter(RetrainingAction)


async def create_trigger(
    unit: UnitOfWork, vault: Vault, service: ServiceRow, command: NewTrigger
) -> RetrainingTriggerRow:
    """A new trigger; `Conflict` when the name is taken, or there are many."""
    await TRIGGERS.check_new(unit.session, service, command.name, MOST_TRIGGERS)
    row = RetrainingTriggerRow(
        service_id=service.id,
        name=command.name,
        **await _checked(unit, vault, service, command),
        creator=unit.actor,
        created_at=unit.now,
        updated_at=unit.now,
    )
    unit.session.add(row)
    await unit.session.flush()
    return row


async def replace_trigger(
    unit: UnitOfWork, vault: Vault, service: ServiceRow, row: RetrainingTriggerRow, command: TriggerDefinition
) -> None:
    """Define it anew; what runs goes on as it was begun."""
    for name, value in (await _checked(unit, vault, service, command)).items():
        setattr(row, name, value)
    row.revision += 1
    row.updated_at = unit.now


async def _checked(unit: UnitOfWork, vault: Vault, service: ServiceRow, command: TriggerDefinition) -> dict[str, Any]:
    action = command.action
    if isinstance(action, JobTarget):
        resources = await resources_for(unit, service, action.resource_source)
        if resources.backend == "kubernetes":
            raise InvalidInput(
                f"A job runs on the scheduler's machine, and resource group {resources.group!r} has its pods on "
                "Kubernetes: give it the shared pool, or another group",
                (Detail(("action", "resource_source"), "jobs do not run on Kubernetes"),),
            )
        stored = action.model_dump(mode="json", exclude={"resource_source"})
        stored["resources"] = resources.model_dump(mode="json")
        await lock_environment_secrets(unit.session, stored["env"], service.project)
    else:
        check_address(action.url, unit.limits.retrainers)
        stored = action.model_dump(mode="json")
    kind = SECRET_KINDS[action.kind]
    if command.secret is not None and kind is not None:
        await _check_secret(unit.session, vault, command.secret, kind, service.project)
    return {
        "on_alert": command.on_alert.model_dump(mode="json") if command.on_alert else None,
        "schedule": command.schedule,
        "action": stored,
        "secret": command.secret,
        "model": command.model,
        "guards": command.guards.model_dump(mode="json"),
        "time_limit_s": command.time_limit.total_seconds(),
        "then": command.then.model_dump(mode="json"),
        "paused": command.paused,
    }


async def _check_secret(session: AsyncSession, vault: Vault, name: str, kind: SecretKind, project: str) -> None:
    await check_named_secret(session, name, kind, project)
    if kind is SecretKind.WEBHOOK:
        try:
            webhook_key(unsealed_fields(vault, await load_secret(session, name))["secret"])
        except ValueError as wrong:
            why = f"The secret of a Standard Webhook is whsec_ and the base64 of 24 to 64 bytes: {wrong}"
            raise InvalidInput(why, (Detail(("secret",), why),)) from wrong


async def delete_trigger(session: AsyncSession, row: RetrainingTriggerRow) -> None:
    """Forget it; what it has started is not ended by that."""
    await session.delete(row)


async def trigger_to_start(session: AsyncSession, service: str, name: str) -> RetrainingTrigger:
    """The trigger that a hand means; `InvalidInput` names those that there are."""
    stored = await load_service(session, service)
    rows = await TRIGGERS.of_service(session, stored.row.id)
    found = next((row for row in rows if row.name == name), None)
    if found is None and name == MANUAL and len(rows) == 1:
        found = rows[0]
    if found is None:
        known = ", ".join(row.name for row in rows)
        why = f"Service {service!r} has no retraining trigger {name!r}; it has {known or 'none'}"
        raise InvalidInput(why, (Detail(("trigger",), why),))
    return told(found, stored.row, [version.row for version in stored.versions])


async def defined_triggers(database: Database) -> RetrainingTriggerList:
    """What the monitor is told: everything but credentials."""
    async with database.read() as session:
        found = await TRIGGERS.every(session)
        named = await read_services(session, sorted({service.name for _, service in found}))
        versions = {stored.row.id: [version.row for version in stored.versions] for stored in named}
    items = tuple(told(row, service, versions.get(service.id, ())) for row, service in found)
    return RetrainingTriggerList(items=items)


def told(row: RetrainingTriggerRow, service: ServiceRow, versions: Sequence[VersionRow]) -> RetrainingTrigger:
    """A trigger as the contract has it; the model is that of the service's newest version unless it names one."""
    newest = versions[-1] if versions else None
    is_own = newest is not None and row.model in (None, newest.model)
    return RetrainingTrigger(
        id=row.id,
        service_id=service.id,
        service=service.name,
        project=service.project,
        name=row.name,
        revision=row.revision,
        model=row.model or (newest.model if newest else None),
        registry=newest.model_registry if newest is not None and is_own else None,
        on_alert=None if row.on_alert is None else AlertMatch.model_validate(row.on_alert),
        schedule=row.schedule,
        action=_ACTION.validate_python(row.action),
        has_secret=row.secret is not None,
        guards=RetrainingGuards.model_validate(row.guards),
        time_limit=timedelta(seconds=row.time_limit_s),
        is_paused=row.paused,
    )


async def trigger_access(database: Database, vault: Vault, trigger: UUID, allowed: tuple[str, ...]) -> RetrainingAccess:
    """Who the monitor is to the system of a trigger. Raises `NotFound` where it is gone."""
    async with database.read() as session:
        row = await session.get(RetrainingTriggerRow, trigger)
        if row is None:
            raise NotFound("There is no such retraining trigger")
        if row.secret is None:
            return RetrainingAccess(allowed=allowed)
        secret = await load_secret(session, row.secret)
        data = unsealed_fields(vault, secret)
    check_fields(SecretKind(secret.kind), data)
    return RetrainingAccess(credentials=data, allowed=allowed)
