"""Use cases of quality rules: defined here, evaluated by the monitor, which asks for what is defined."""

from __future__ import annotations

from typing import Any

from controller.domain.inference_tables.label_sources import checked_location, place_name
from controller.domain.quality.defaults import default_monitors
from controller.domain.quality.monitors import MOST_MONITORS, MonitorDefinition, NewMonitor, stored_fields
from controller.domain.registries.models import ResolvedModel, ResolvedSource
from controller.domain.services.traffic import main_version
from controller.handlers.unit_of_work import UnitOfWork
from controller.store.inference_tables.destinations import usable_destinations
from controller.store.quality.monitors import MONITORS
from controller.store.services.services import StoredService, read_services
from controller.store.tables import MonitorRow, ServiceRow
from shared.bus.outbox import publish
from shared.contracts.quality.monitors import Baseline, Monitor, MonitorList, Outcome, TrainedModel
from shared.database import Database
from shared.events.monitor import MonitorDefined, MonitorDeleted

CONTRACT_FIELDS = {
    *("id", "name", "kind", "metric", "columns", "window", "slice", "schedule", "warning", "critical", "min_sample"),
    *("windows", "delay", "alert", "paused", "revision", "created_at", "baseline_path", "baseline_root"),
}


async def create_monitor(
    unit: UnitOfWork, service: ServiceRow, command: NewMonitor, *, is_default: bool = False
) -> MonitorRow:
    """A new rule; `Conflict` when the name is taken, or there are many."""
    await MONITORS.check_new(unit.session, service, command.name, MOST_MONITORS)
    row = MonitorRow(
        service_id=service.id,
        name=command.name,
        **await _checked(unit, service, command),
        is_default=is_default,
        creator=unit.actor,
        created_at=unit.now,
        updated_at=unit.now,
    )
    unit.session.add(row)
    await unit.session.flush()
    await _publish_defined(unit, service, row)
    return row


async def create_defaults(unit: UnitOfWork, service: ServiceRow, source: ResolvedSource, *, is_recorded: bool) -> None:
    """The rules that a service gets when it is published; of an image nobody knows what it was trained with."""
    is_model = isinstance(source, ResolvedModel)
    signature = source.signature if isinstance(source, ResolvedModel) else None
    for command in default_monitors(signature, is_recorded=is_recorded and is_model):
        await create_monitor(unit, service, command, is_default=True)


async def replace_monitor(unit: UnitOfWork, service: ServiceRow, row: MonitorRow, command: MonitorDefinition) -> None:
    """Define it anew; its windows of before stay as they were judged then."""
    for name, value in (await _checked(unit, service, command)).items():
        setattr(row, name, value)
    row.revision += 1
    row.updated_at = unit.now
    await _publish_defined(unit, service, row)


async def delete_monitor(unit: UnitOfWork, service: ServiceRow, row: MonitorRow) -> None:
    """Forget it, with its windows."""
    await unit.session.delete(row)
    fact = MonitorDeleted(service=service.name, monitor_id=row.id, monitor=row.name, actor=unit.actor)
    await publish(unit.session, fact)


async def _publish_defined(unit: UnitOfWork, service: ServiceRow, row: MonitorRow) -> None:
    fact = MonitorDefined(
        service=service.name, monitor_id=row.id, monitor=row.name, revision=row.revision, actor=unit.actor
    )
    await publish(unit.session, fact)


async def _checked(unit: UnitOfWork, service: ServiceRow, command: MonitorDefinition) -> dict[str, Any]:
    values = stored_fields(command) | {"baseline_path": None, "baseline_root": None}
    baseline = values["baseline"]
    if baseline is not None and baseline.get("location") is not None:
        usable = await usable_destinations(unit.session)
        identity = (service.name, service.project)
        location, root = checked_location(baseline["location"], unit.limits.table_roots, identity, usable)
        values |= {"baseline_path": place_name(location), "baseline_root": root}
        values["baseline"] = baseline | {"location": location}
    return values


async def defined_monitors(database: Database) -> MonitorList:
    """What the monitor is told: every rule, and which model each service's main version has."""
    async with database.read() as session:
        rows = await MONITORS.every(session)
        services = {service.row.name: service for service in await read_services(session, _names(rows))}
    return MonitorList(items=tuple(_told(row, services.get(service.name), service) for row, service in rows))


def _names(rows: list[tuple[MonitorRow, ServiceRow]]) -> list[str]:
    return sorted({service.name for _, service in rows})


def _told(row: MonitorRow, stored: StoredService | None, service: ServiceRow) -> Monitor:
    return Monitor(
        project=service.project,
        service=service.name,
        baseline=Baseline(**row.baseline) if row.baseline else None,
        outcome=Outcome(**row.outcome),
        trained=main_model(stored) if stored is not None else None,
        **row.model_dump(include=CONTRACT_FIELDS),
    )


def main_model(service: StoredService) -> TrainedModel | None:
    """What the main version was made of; None without versions, and where it is an image."""
    if not service.versions:
        return None
    name = main_version([version.row.name for version in service.versions], service.weights())
    chosen = service.version(name).row
    if chosen.model is None or chosen.model_version is None:
        return None
    return TrainedModel(
        version=chosen.name, registry=chosen.model_registry, model=chosen.model, model_version=chosen.model_version
    )
