"""What a version's row holds of a request: checked against the store, and as it is stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from controller.domain.names import taken
from controller.domain.registries.models import ResolvedSource
from controller.domain.services.image_commands import ImageModelSource
from controller.domain.services.version_commands import (
    FirstVersion,
    LogDelivery,
    ModelSource,
    ReplicaRange,
    VersionChange,
)
from controller.handlers.inference_tables.table_destinations import log_delivery_of
from controller.handlers.registries.environment_secrets import lock_environment_secrets
from controller.handlers.registries.image_secrets import lock_image_secrets
from controller.handlers.registries.registries import registry_secret
from controller.handlers.resources.groups import resources_for
from controller.handlers.unit_of_work import UnitOfWork
from controller.store.services.services import StoredService
from controller.store.tables import ServiceRow
from shared.contracts.deployment import ImageSource, Resources


async def changed_columns(
    unit: UnitOfWork, service: ServiceRow, change: VersionChange, resolved: ResolvedSource | None
) -> dict[str, Any]:
    """Columns of a version that `change` sets, `resolved` being what its source comes down to; secrets are locked."""
    values = change.model_dump(
        mode="json",
        exclude_unset=True,
        exclude={"model_source", "resource_source", "replicas", "log_delivery", "traffic_weight"},
    )
    if change.model_source is not None and resolved is not None:
        values |= source_columns(change.model_source, resolved)
    if change.resource_source is not None:
        values |= resource_columns(await resources_for(unit, service, change.resource_source))
    if change.env is not None:
        await lock_environment_secrets(unit.session, values["env"], service.project)
        values["env"] = values["env"] or None
    if change.log_delivery is not None:
        values["log_delivery"] = await log_delivery_of(unit, service, change.log_delivery)
    if change.replicas is not None:
        values |= replica_columns(change.replicas)
    if change.traffic_weight is not None:
        values["asked_weight"] = change.traffic_weight
    return values


SOURCE_COLUMNS = (
    *("model", "model_registry", "model_version", "image", "alias", "follow", "run_id", "model_id", "model_digest"),
)
"""Columns that say what a version is made from."""


def source_columns(source: ModelSource | ImageModelSource, resolved: ResolvedSource) -> dict[str, Any]:
    """All columns of a source: those of the other kind are emptied."""
    values: dict[str, Any] = {**dict.fromkeys(SOURCE_COLUMNS), "follow": False}
    if isinstance(resolved, ImageSource):
        return values | {"image": resolved.model_dump(mode="json")}
    assert isinstance(source, ModelSource)
    return values | {
        "model": resolved.model,
        "model_registry": source.registry,
        "model_version": resolved.version,
        "alias": source.alias,
        "follow": source.follow,
        "run_id": resolved.run_id,
        "model_id": resolved.model_id,
        "model_digest": resolved.digest,
    }


async def lock_source_secrets(
    unit: UnitOfWork, service: ServiceRow, source: ModelSource | ImageModelSource | None
) -> None:
    """Lock the secrets of a source until the transaction ends: nobody deletes one that a version begins to use."""
    if isinstance(source, ImageModelSource):
        await lock_image_secrets(unit.session, source.as_contract(), service.project)
    elif source is not None and source.registry is not None:
        await registry_secret(unit.session, source.registry, service.project, for_update=True)


def resource_columns(resources: Resources) -> dict[str, Any]:
    """Columns that say what one pod may use."""
    return {
        "spec": resources.spec,
        "resources": resources.model_dump(mode="json"),
        "resource_group": resources.group,
    }


def replica_columns(asked: int | ReplicaRange) -> dict[str, Any]:
    """A fixed number of pods, or the range in which the load decides: it starts with the least, but one to try."""
    if isinstance(asked, int):
        return {"replicas": asked, "autoscaling": None}
    return {"replicas": max(asked.min, 1), "autoscaling": asked.model_dump(mode="json")}


async def log_delivery_column(unit: UnitOfWork, service: StoredService, command: FirstVersion) -> dict[str, Any]:
    """The log delivery of the command; else its sibling's, so that a further version is recorded like the others."""
    sibling = service.sibling()
    if "log_delivery" in command.model_fields_set or sibling is None:
        stored = await log_delivery_of(unit, service.row, command.log_delivery)
        return stored if sibling is None else stored | kept_masking(command.log_delivery, sibling.row.log_delivery)
    return dict(sibling.row.log_delivery)


def kept_masking(command: LogDelivery, before: Mapping[str, Any]) -> dict[str, Any]:
    """Rules that a command does not mention stay: nobody unmasks a column by changing something else."""
    rules = before.get("masking")
    return {"masking": rules} if rules and "masking" not in command.model_fields_set else {}


def version_name_for(service: StoredService, asked: str | None) -> str:
    """The `asked` name, `Conflict` where it is taken; else the next of v1, v2, …"""
    others = {version.row.name for version in service.versions}
    if asked in others:
        raise taken(f"Service {service.row.name!r} already has a version {asked!r}")
    while asked is None or asked in others:
        asked = f"v{service.row.next_version}"
        service.row.next_version += 1
    return asked
