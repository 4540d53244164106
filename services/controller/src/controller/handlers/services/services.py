"""Use cases of services: create, edit, start, stop, restart, delete, split."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import select

from controller.domain.names import taken
from controller.domain.registries.models import ResolvedSource
from controller.domain.services.service_commands import NewService, ServiceChange
from controller.domain.services.status import ACTIVE, DELETABLE, DesiredState
from controller.domain.services.version_commands import VersionChange
from controller.handlers.quality.monitors import create_defaults
from controller.handlers.services.traffic import set_weights
from controller.handlers.services.versions import (
    change_version,
    create_version,
    restart_version,
    start_version,
    stop_version,
)
from controller.handlers.unit_of_work import UnitOfWork, delete_with_children
from controller.store.access.audit_log import last_project_of_service
from controller.store.access.keys import keys_of
from controller.store.access.people import load_project
from controller.store.alerting.definitions import windows_of
from controller.store.canaries.canaries import canaries_of
from controller.store.inference_tables.label_sources import SOURCES
from controller.store.quality.monitors import MONITORS
from controller.store.retraining.triggers import TRIGGERS
from controller.store.services.services import StoredService, StoredVersion
from controller.store.tables import ServiceRow
from shared.bus.outbox import publish
from shared.errors import Conflict
from shared.events.service import ServiceCreated, ServiceDeleted, ServiceUpdated
from shared.events.version import VersionDeleted


async def create_service(
    unit: UnitOfWork, command: NewService, source: ResolvedSource | None, *, may_take_over: bool = False
) -> StoredService:
    """A new service with its first version, started where asked; `Conflict` when the name is taken.

    A name stays with the project of the service that had it last: logs, metrics and tables are kept under it, and
    callers still send there. Only who `may_take_over` gives it to another project.
    """
    await load_project(unit.session, command.project)
    await _must_be_free(unit.session, command.name)
    if not may_take_over and await last_project_of_service(unit.session, command.name) not in (None, command.project):
        raise taken(
            f"The name {command.name!r} was a service's of another project, whose logs and tables are kept under it: "
            "choose another, or have an administrator give it to this project"
        )
    row = ServiceRow(
        name=command.name,
        type=command.type,
        description=command.description,
        project=command.project,
        tags=command.tags,
        auth_enabled=command.auth_enabled,
        sticky_header=command.sticky_header,
        cors=command.cors.model_dump(mode="json") if command.cors else None,
        max_body_bytes=command.max_body_bytes,
        creator=unit.actor,
        created_at=unit.now,
        updated_at=unit.now,
    )
    unit.session.add(row)
    await unit.session.flush()
    unit.touch_routes(row.name)
    created = ServiceCreated(service_id=row.id, service=row.name, actor=unit.actor, type=row.type, project=row.project)
    await publish(unit.session, created)
    service = StoredService(row)
    if command.version is not None and source is not None:
        version = await create_version(unit, service, command.version, source)
        if command.monitors:
            await create_defaults(unit, row, source, is_recorded=bool(version.row.log_delivery.get("enabled")))
        if command.start:
            await start_version(unit, service, version)
    return service


async def change_service(unit: UnitOfWork, service: StoredService, change: ServiceChange) -> None:
    """Apply the fields that `change` names."""
    if change.log_delivery is not None:
        for version in service.versions:
            await change_version(unit, service, version, VersionChange(log_delivery=change.log_delivery), None)
    if change.resource_source is not None:
        only = _only_active(service)
        await change_version(unit, service, only, VersionChange(resource_source=change.resource_source), None)
    if changed := change.own:
        await _change_row(unit, service, change, changed)


async def _change_row(
    unit: UnitOfWork, service: StoredService, change: ServiceChange, changed: tuple[str, ...]
) -> None:
    for name, value in change.model_dump(mode="json", include=set(changed)).items():
        setattr(service.row, name, value)
    service.row.revision += 1
    service.row.updated_at = unit.now
    unit.touch_routes(service.row.name)
    await publish(
        unit.session,
        ServiceUpdated(service_id=service.row.id, service=service.row.name, actor=unit.actor, changed=changed),
    )


async def start_service(unit: UnitOfWork, service: StoredService) -> None:
    """Start the versions that the last stop of the service ended, or those that have failed; else the newest one."""
    if not service.versions:
        raise Conflict(f"Service {service.row.name!r} has no version to start")
    if service.active():
        return
    resuming = (
        [version for version in service.versions if version.row.resumes]
        or [version for version in service.versions if version.row.wanted == DesiredState.STARTED]
        or service.versions[-1:]
    )
    weights = {version.row.name: version.row.weight for version in resuming}
    for version in resuming[: unit.limits.max_active]:
        await start_version(unit, service, version)
    if sum(weights.values()) == 100 and len(weights) <= unit.limits.max_active:
        await set_weights(unit, service, weights)


async def stop_service(unit: UnitOfWork, service: StoredService) -> None:
    """Stop every version that is wanted; their shares are kept for the next start."""
    wanted = [version for version in service.versions if version.row.wanted == DesiredState.STARTED]
    if not wanted:
        return
    resuming = {version.row.name for version in [v for v in wanted if v.status in ACTIVE] or wanted}
    for version in service.versions:
        await stop_version(unit, service, version, keeps_weight=True)
        version.row.resumes = version.row.name in resuming


async def restart_service(unit: UnitOfWork, service: StoredService) -> None:
    """Have every pod of its active versions replaced; `Conflict` where none is active."""
    active = service.active()
    if not active:
        name = service.row.name
        raise Conflict(f"Nothing of service {name!r} runs: start it with `penstock services start {name}`")
    for version in active:
        await restart_version(unit, service, version)


async def delete_service(unit: UnitOfWork, service: StoredService, *, purge_tables: bool = False) -> None:
    """Remove a service, its versions and its keys, for good; `Conflict` unless nothing of it runs."""
    if running := [_named(version) for version in service.versions if version.status not in DELETABLE]:
        raise Conflict(f"Stop service {service.row.name!r} first: {', '.join(running)}")
    identity = {"service_id": service.row.id, "service": service.row.name, "actor": unit.actor}
    for version in service.versions:
        await publish(
            unit.session,
            VersionDeleted(version_id=version.row.id, version=version.row.name, **identity),
        )
    await publish(unit.session, ServiceDeleted(purge_tables=purge_tables, deleted_at=unit.now, **identity))
    keys = await keys_of(unit.session, service.row.id)
    sources = await SOURCES.of_service(unit.session, service.row.id)
    windows = await windows_of(unit.session, service.row.id)
    rules = await MONITORS.of_service(unit.session, service.row.id)
    triggers = await TRIGGERS.of_service(unit.session, service.row.id)
    canaries = await canaries_of(unit.session, service.row.id)
    parts = [*(version.row for version in service.versions), *keys, *sources, *windows, *rules, *triggers, *canaries]
    await delete_with_children(unit, service.row, parts)
    unit.touch_routes(service.row.name)


def _only_active(service: StoredService) -> StoredVersion:
    active = service.active()
    if len(active) != 1:
        raise Conflict(
            f"{len(active)} versions of {service.row.name!r} are active: change the resources of the version itself"
        )
    return active[0]


async def _must_be_free(session: AsyncSession, name: str) -> None:
    if (await session.scalars(select(ServiceRow.id).where(ServiceRow.name == name))).first() is not None:
        raise taken(f"There is already a service {name!r}")


def _named(version: StoredVersion) -> str:
    return f"{version.row.name} is {version.status}"
