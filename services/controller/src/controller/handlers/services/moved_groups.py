"""Versions whose resource group gets another backend: their pods are replaced, as by an edit of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from controller.domain.resources.groups import GroupChange
from controller.domain.services.status import ACTIVE
from controller.handlers.resources import groups
from controller.handlers.services.deployments import deployment_of
from controller.handlers.services.revisions import mark_changed
from controller.handlers.unit_of_work import UnitOfWork
from controller.store.resources.groups import users_of_groups
from controller.store.services.services import StoredService, StoredVersion, load_services
from controller.store.tables import GroupRow
from shared.bus.outbox import publish
from shared.contracts.deployment import BackendName, Resources
from shared.contracts.nodes import ReadyBackends
from shared.events.version import VersionUpdated

NOTE = "its resource group has another backend: every pod is replaced"


async def change_group(unit: UnitOfWork, group: GroupRow, change: GroupChange, there: ReadyBackends | None) -> None:
    """As `groups.change_group`; where the group gets another backend, so do its versions."""
    before = group.backend
    await groups.change_group(unit, group, change, there)
    if group.backend != before:
        await _move_versions(unit, group.name, change.backend)


async def _move_versions(unit: UnitOfWork, group: str, backend: BackendName | None) -> None:
    """Have those that name `group` run on `backend`, and those that would be rolled back to it do so there."""
    users = (await users_of_groups(unit.session, [group]))[group]
    for service in await load_services(unit.session, users):
        for version in service.versions:
            good = version.row.last_good
            if good is not None and good.get("resource_group") == group:
                version.row.last_good = {**good, "resources": _on(good["resources"], backend)}
            if version.row.resource_group == group:
                await _move(unit, service, version, backend)


async def _move(unit: UnitOfWork, service: StoredService, version: StoredVersion, backend: BackendName | None) -> None:
    row, is_active = version.row, version.status in ACTIVE
    row.resources = _on(row.resources, backend)
    row.rolled_back = None
    if is_active:
        row.generation += 1
        row.stale_secrets = None
    mark_changed(unit, service.row, row)
    told = VersionUpdated(
        service_id=service.row.id,
        service=service.row.name,
        version_id=row.id,
        version=row.name,
        changed=("resource_source",),
        deployment=deployment_of(service.row, row) if is_active else None,
        actor=unit.actor,
        note=NOTE if is_active else None,
    )
    await publish(unit.session, told)


def _on(resources: Mapping[str, Any], backend: BackendName | None) -> dict[str, Any]:
    return Resources.model_validate({**resources, "backend": backend}).model_dump(mode="json")
