"""Use cases of silences and maintenance."""

from __future__ import annotations

from typing import Any

from controller.domain.alerting.silences import (
    KEPT_AFTER_END,
    MOST_OF_PROJECT,
    MOST_SILENCES,
    MOST_WINDOWS,
    MaintenanceCommand,
    NewMaintenance,
    NewSilence,
    SilenceCommand,
)
from controller.domain.names import taken
from controller.handlers.unit_of_work import UnitOfWork
from controller.store.access.people import load_project
from controller.store.alerting.definitions import count_of, ended_silences, is_there, visible_silences
from controller.store.tables import MaintenanceRow, ServiceRow, SilenceRow
from shared.errors import Conflict, InvalidInput


async def create_silence(unit: UnitOfWork, command: NewSilence) -> SilenceRow:
    """A new silence; those that ended long ago are forgotten."""
    if command.project is not None:
        await load_project(unit.session, command.project)
    for old in await ended_silences(unit.session, unit.now - KEPT_AFTER_END):
        await unit.session.delete(old)
    known = await visible_silences(unit.session, None, unit.now)
    if len(known) >= MOST_SILENCES:
        raise Conflict(f"There may be {MOST_SILENCES} silences that have not ended")
    if command.project is not None and sum(row.project == command.project for row in known) >= MOST_OF_PROJECT:
        raise Conflict(f"A project may have {MOST_OF_PROJECT} silences that have not ended")
    row = SilenceRow(
        project=command.project,
        **_times_of(unit, command),
        creator=unit.actor,
        created_at=unit.now,
        updated_at=unit.now,
    )
    unit.session.add(row)
    await unit.session.flush()
    return row


async def replace_silence(unit: UnitOfWork, row: SilenceRow, command: SilenceCommand) -> None:
    """Define it anew."""
    for name, value in _times_of(unit, command).items():
        setattr(row, name, value)
    row.revision += 1
    row.updated_at = unit.now


async def expire_silence(unit: UnitOfWork, row: SilenceRow) -> None:
    """End it now; one that has not begun is forgotten."""
    if row.starts_at >= unit.now:
        await unit.session.delete(row)
        return
    row.ends_at = min(row.ends_at, unit.now)
    row.revision += 1
    row.updated_at = unit.now


def _times_of(unit: UnitOfWork, command: SilenceCommand) -> dict[str, Any]:
    return {
        "matchers": [matcher.model_dump() for matcher in command.matchers],
        "starts_at": command.check_times(unit.now),
        "ends_at": command.ends_at,
        "comment": command.comment,
    }


async def create_window(unit: UnitOfWork, command: NewMaintenance, service: ServiceRow | None) -> MaintenanceRow:
    """New maintenance; of a service it is that one's project's."""
    if service is not None and command.project not in {None, service.project}:
        raise InvalidInput(f"Service {service.name!r} is not of project {command.project!r}")
    project = command.project if service is None else service.project
    if project is not None:
        await load_project(unit.session, project)
    if await is_there(unit.session, MaintenanceRow, command.name):
        raise taken(f"There is already a maintenance window {command.name!r}")
    if await count_of(unit.session, MaintenanceRow) >= MOST_WINDOWS:
        raise Conflict(f"There may be {MOST_WINDOWS} maintenance windows")
    row = MaintenanceRow(
        name=command.name,
        project=project,
        service_id=None if service is None else service.id,
        **_window(unit, command),
        creator=unit.actor,
        created_at=unit.now,
        updated_at=unit.now,
    )
    unit.session.add(row)
    await unit.session.flush()
    return row


async def replace_window(unit: UnitOfWork, row: MaintenanceRow, command: MaintenanceCommand) -> None:
    """Define it anew."""
    for name, value in _window(unit, command).items():
        setattr(row, name, value)
    row.revision += 1
    row.updated_at = unit.now


def _window(unit: UnitOfWork, command: MaintenanceCommand) -> dict[str, Any]:
    return {
        "starts_at": command.check_times(unit.now),
        "ends_at": command.ends_at,
        "schedule": command.schedule,
        "duration_s": None if command.duration is None else command.duration.total_seconds(),
        "comment": command.comment,
    }
