"""Use cases of versions: create, edit, start, stop, delete. Each leaves an event in the outbox of its transaction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from controller.domain.registries.environment import check_reserved
from controller.domain.registries.models import ResolvedSource
from controller.domain.services import traffic
from controller.domain.services.image_commands import ImageModelSource
from controller.domain.services.status import ACTIVE, DELETABLE, DesiredState
from controller.domain.services.version_commands import FirstVersion, ModelSource, VersionChange
from controller.handlers.registries.environment_secrets import lock_environment_secrets
from controller.handlers.resources.groups import resources_for
from controller.handlers.services.deployments import deployment_of
from controller.handlers.services.revisions import mark_changed
from controller.handlers.services.traffic import set_traffic, set_weights
from controller.handlers.services.version_columns import (
    changed_columns,
    kept_masking,
    lock_source_secrets,
    log_delivery_column,
    replica_columns,
    resource_columns,
    source_columns,
    version_name_for,
)
from controller.handlers.unit_of_work import UnitOfWork
from controller.store.services.services import StoredService, StoredVersion
from controller.store.tables import ServiceRow, VersionRow
from shared.bus.outbox import publish
from shared.contracts.deployment import ImageSource
from shared.errors import Conflict, Detail, InvalidInput
from shared.events.version import VersionCreated, VersionDeleted, VersionStarted, VersionStopped, VersionUpdated

_REACHES_PODS = frozenset({"model_source", "resource_source", "replicas", "runtime", "env"})
"""Fields whose change means other pods, or another number of them."""

_MAKES_ANOTHER_TRY = _REACHES_PODS - {"replicas"}
"""Fields after whose change what was rolled back may be tried again. Whatever else happens, it stays given up."""


async def create_version(
    unit: UnitOfWork, service: StoredService, command: FirstVersion, resolved: ResolvedSource
) -> StoredVersion:
    """Add a draft to `service`, made from `resolved` (what `command.model_source` comes down to)."""
    resources = await resources_for(unit, service.row, command.resource_source)
    await lock_source_secrets(unit, service.row, command.model_source)
    env = command.model_dump(mode="json", include={"env"})["env"]
    await lock_environment_secrets(unit.session, env, service.row.project)
    row = VersionRow(
        service_id=service.row.id,
        name=version_name_for(service, command.name),
        description=command.description,
        **source_columns(command.model_source, resolved),
        **resource_columns(resources),
        **replica_columns(command.replicas),
        asked_weight=command.traffic_weight,
        rate_limit=command.rate_limit.model_dump(mode="json") if command.rate_limit else None,
        request_timeout_ms=command.request_timeout_ms,
        max_concurrency=command.max_concurrency,
        log_delivery=await log_delivery_column(unit, service, command),
        runtime=command.runtime.model_dump(mode="json"),
        env=env or None,
        creator=unit.actor,
        created_at=unit.now,
        updated_at=unit.now,
    )
    unit.session.add(row)
    await unit.session.flush()
    version = StoredVersion(row)
    service.versions.append(version)
    mark_changed(unit, service.row)
    source = _told(command.model_source, resolved)
    await publish(unit.session, VersionCreated(**_identity(service.row, row), model_source=source, actor=unit.actor))
    return version


async def change_version(
    unit: UnitOfWork,
    service: StoredService,
    version: StoredVersion,
    change: VersionChange,
    resolved: ResolvedSource | None,
    *,
    note: str | None = None,
) -> None:
    """Apply the fields that `change` names; what reaches pods makes a new generation of an active version.

    `note` says in the event why, where nobody asked for it.
    """
    changed = tuple(sorted(change.model_fields_set))
    if not changed:
        return
    is_active = version.status in ACTIVE
    if "traffic_weight" in changed and is_active:
        raise Conflict("The version is active: change its share with PUT …/traffic")
    _check_runtime(version.row, change)
    await lock_source_secrets(unit, service.row, change.model_source)
    values = await changed_columns(unit, service.row, change, resolved)
    if change.log_delivery is not None:
        values["log_delivery"] |= kept_masking(change.log_delivery, version.row.log_delivery)
    _set_columns(version.row, values)
    if _MAKES_ANOTHER_TRY & set(changed):
        version.row.rolled_back = None
    reaches_pods = is_active and bool(_REACHES_PODS & set(changed))
    if reaches_pods:
        version.row.generation += 1
    if reaches_pods and changed != ("replicas",):
        version.row.stale_secrets = None
    mark_changed(unit, service.row, version.row)
    await publish(
        unit.session,
        VersionUpdated(
            **_identity(service.row, version.row),
            changed=changed,
            deployment=deployment_of(service.row, version.row) if reaches_pods else None,
            actor=unit.actor,
            note=note,
        ),
    )


def _set_columns(row: VersionRow, values: Mapping[str, Any]) -> None:
    for column, value in values.items():
        setattr(row, column, value)
    if row.image is None:
        check_reserved(row.env)


def _told(source: ModelSource | ImageModelSource, resolved: ResolvedSource) -> dict[str, str | None]:
    """A source as events say it: what a container is started with is in the deployment."""
    if isinstance(resolved, ImageSource):
        return {"kind": "image", "image": resolved.image, "credentials": resolved.credentials}
    return source.model_dump(mode="json", exclude={"follow"}) | {"version": resolved.version}


def _check_runtime(row: VersionRow, change: VersionChange) -> None:
    if change.runtime is not None and change.model_source is None and row.image is not None:
        why = "an image serves by itself: options of the model server do not reach it"
        raise InvalidInput(f"runtime: {why}", (Detail(("runtime",), why),))


async def start_version(
    unit: UnitOfWork, service: StoredService, version: StoredVersion, weight: int | None = None
) -> None:
    """Have a version run; nothing happens to one that is active. `weight` is its share beside another active one."""
    if version.status in ACTIVE:
        return
    active = [each.row.name for each in service.active()]
    if len(active) >= unit.limits.max_active:
        names = " and ".join(active)
        raise Conflict(f"At most {unit.limits.max_active} versions may be active at once, and {names} are")
    weights = traffic.weights_with(
        service.weights(), version.row.name, version.row.asked_weight if weight is None else weight
    )
    _want(unit, service, version, DesiredState.STARTED)
    await publish(
        unit.session,
        VersionStarted(
            **_identity(service.row, version.row),
            deployment=deployment_of(service.row, version.row),
            actor=unit.actor,
        ),
    )
    await set_weights(unit, service, weights)


async def stop_version(
    unit: UnitOfWork,
    service: StoredService,
    version: StoredVersion,
    weights: Mapping[str, int] | None = None,
    *,
    keeps_weight: bool = False,
) -> None:
    """Have a version run no more; nothing happens to a draft or a stopped one.

    The others share the traffic as `weights` say, else those that have a weight take its share (`Conflict` where none
    has); unless it `keeps_weight`, as when the whole service stops.
    """
    if version.row.wanted != DesiredState.STARTED:
        return
    staying = None if keeps_weight else _weights_without(service, version.row.name, weights)
    _want(unit, service, version, DesiredState.STOPPED)
    await publish(
        unit.session,
        VersionStopped(
            **_identity(service.row, version.row),
            deployment=deployment_of(service.row, version.row),
            actor=unit.actor,
        ),
    )
    if staying is not None:
        await set_weights(unit, service, staying)


def _weights_without(service: StoredService, leaver: str, weights: Mapping[str, int] | None) -> dict[str, int]:
    if weights is None:
        return traffic.weights_without(service.weights(), leaver)
    staying = [version.row.name for version in service.active() if version.row.name != leaver]
    return traffic.checked_split(weights, staying, [version.row.name for version in service.versions])


async def restart_version(unit: UnitOfWork, service: StoredService, version: StoredVersion) -> None:
    """Have every pod of an active version replaced, as by an update that changes nothing; else `Conflict`."""
    if version.status not in ACTIVE:
        command = f"penstock versions start {service.row.name} {version.row.name}"
        raise Conflict(f"Version {version.row.name!r} is {version.status}: start it with `{command}`")
    version.row.generation += 1
    version.row.restart = version.row.generation
    version.row.stale_secrets = None
    mark_changed(unit, service.row, version.row)
    await publish(
        unit.session,
        VersionUpdated(
            **_identity(service.row, version.row),
            changed=("restart",),
            deployment=deployment_of(service.row, version.row),
            actor=unit.actor,
            note="restarting: every pod is replaced",
        ),
    )


async def delete_version(unit: UnitOfWork, service: StoredService, version: StoredVersion) -> None:
    """Remove a version of which nothing runs, for good."""
    if version.status not in DELETABLE:
        raise Conflict(f"Version {version.row.name!r} is {version.status}: stop it first")
    if version.row.wanted == DesiredState.STARTED:  # it has failed, and what it has of the traffic is nobody else's yet
        traffic.weights_without(service.weights(), version.row.name)
    service.versions.remove(version)
    await unit.session.delete(version.row)
    mark_changed(unit, service.row)
    await publish(unit.session, VersionDeleted(**_identity(service.row, version.row), actor=unit.actor))
    if service.row.fallback == version.row.name:
        await set_traffic(unit, service, service.weights(), None)


def _want(unit: UnitOfWork, service: StoredService, version: StoredVersion, wanted: DesiredState) -> None:
    version.row.wanted = wanted
    version.row.generation += 1
    version.row.resumes = False
    version.row.stale_secrets = None
    mark_changed(unit, service.row, version.row)


def _identity(service: ServiceRow, version: VersionRow) -> dict[str, Any]:
    return {
        "service_id": service.id,
        "service": service.name,
        "version_id": version.id,
        "version": version.name,
    }
