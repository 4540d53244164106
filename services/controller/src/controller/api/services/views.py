"""Shapes of the answers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from controller.domain.services.field_changes import FieldChange
from controller.domain.services.status import SERVING, DesiredState, ServiceStatus, VersionStatus
from controller.handlers.services.deployments import deployment_of, source_of
from controller.store.services.services import StoredService, StoredVersion
from controller.store.tables import ServiceRow, VersionRow
from shared.contracts.deployment import Autoscaling, ImageSource, PublishCheck, SecretKeyRef


class ModelSourceView(BaseModel):
    """The model version that is published; `alias` is the one it was found by, `registry` the secret that says where.

    `run_id`, `model_id` (MLflow 3's logged model) and `digest` (`sha256:` and the hash of its `MLmodel` file, as the
    registry had it) say what it was published from; null where the registry did not say.
    """

    kind: Literal["mlflow"] = "mlflow"
    model: str
    version: str
    registry: str | None = None
    alias: str | None = None
    follow: bool = False
    run_id: str | None = None
    model_id: str | None = None
    digest: str | None = None


class ResourceSourceView(BaseModel):
    """The shared pool, by a spec of the catalogue."""

    kind: Literal["shared"] = "shared"
    spec: str


class GroupSourceView(BaseModel):
    """Nodes of a resource group; cores, GiB and devices of one pod."""

    kind: Literal["group"] = "group"
    group: str
    cpu: float
    memory_gb: float
    gpu: int
    gpu_kind: str | None = Field(
        default=None,
        description="Words that the name of each of its GPUs holds; absent: any.",
        exclude_if=lambda kind: kind is None,
    )


class VersionView(BaseModel):
    """A version. `reason`, `message` and `log_tail` say why it failed or what it waits for."""

    id: UUID
    service: str
    name: str
    description: str
    status: VersionStatus
    model_source: ModelSourceView | ImageSource
    resource_source: ResourceSourceView | GroupSourceView
    billing_mode: Literal["pay_as_you_go", "resource_group"]
    replicas: int | Autoscaling
    desired_replicas: int
    ready_replicas: int
    rate_limit: dict[str, Any] | None
    request_timeout_ms: int
    max_concurrency: int | None
    traffic_weight: int
    log_delivery: dict[str, Any]
    runtime: dict[str, Any]
    env: dict[str, str | SecretKeyRef]
    restart_to_apply: list[str] = Field(description="Secrets of `env` that were replaced since its pods started.")
    reason: str | None
    message: str | None
    log_tail: list[str]
    check: PublishCheck | None
    generation: int
    deployment_digest: str
    creator: str
    created_at: datetime
    updated_at: datetime
    revision: int


class ServiceView(BaseModel):
    """A service and its versions, oldest first."""

    id: UUID
    name: str
    type: str
    description: str
    project: str
    tags: dict[str, str]
    status: ServiceStatus
    url: str
    auth_enabled: bool
    sticky_header: str | None
    cors: dict[str, Any] | None
    max_body_bytes: int
    fallback: str | None
    running_versions: int
    total_versions: int
    versions: list[VersionView]
    creator: str
    created_at: datetime
    updated_at: datetime
    revision: int


class FieldChangeView(BaseModel):
    """One field, named as in the API (`model_source.version`, `env.THREADS`); null where it was, or is, not set."""

    field: str
    before: Any
    after: Any


class UpdatePreview(BaseModel):
    """What a dry run found: what the update would change. Nothing was stored."""

    changes: list[FieldChangeView]
    replaces_pods: bool = Field(description="Whether pods that run are replaced, one after the other.")
    effective_weights: dict[str, int] | None = Field(
        default=None, description="Of a split: the weights as routers would have them now."
    )


class TrafficView(BaseModel):
    """`weights` as asked for; `effective` as routers have them: what cannot serve gives its share to the others.

    A version of weight 0 gets none of it. `fallback`: the one that answers while none with a weight has a ready pod.
    """

    weights: dict[str, int]
    effective: dict[str, int]
    fallback: str | None
    revision: int


def service_view(service: StoredService, public_url: str) -> ServiceView:
    """A service as callers see it."""
    row = service.row
    return ServiceView(
        **row.model_dump(exclude={"next_version"}),
        status=service.status,
        url=f"{public_url}/{row.name}/predict",
        running_versions=sum(version.status in SERVING for version in service.versions),
        total_versions=len(service.versions),
        versions=[version_view(service, version) for version in service.versions],
    )


_STORED_ONLY = {
    "resources",
    "resource_group",
    "service_id",
    "replicas",
    "autoscaling",
    "model",
    "model_version",
    "model_registry",
    "image",
    "alias",
    "follow",
    "run_id",
    "model_id",
    "model_digest",
    "spec",
    "asked_weight",
    "weight",
    "wanted",
    "restart",
    "resumes",
    "last_good",
    "rolled_back",
    "env",
    "runtime",
    "stale_secrets",
}


def version_view(service: StoredService, version: StoredVersion) -> VersionView:
    """A version as callers see it. Of one that is not active, `traffic_weight` is what it asks for when it starts."""
    row = version.row
    return VersionView(
        **row.model_dump(exclude=_STORED_ONLY),
        service=service.row.name,
        status=version.status,
        model_source=_model_source(row),
        resource_source=_resource_source(row),
        billing_mode="resource_group" if row.resource_group else "pay_as_you_go",
        replicas=Autoscaling.model_validate(row.autoscaling) if row.autoscaling else row.replicas,
        desired_replicas=version.replicas if row.wanted == DesiredState.STARTED else 0,
        traffic_weight=service.weights().get(row.name, row.asked_weight),
        ready_replicas=version.seen.ready_replicas if version.seen else 0,
        env=row.env or {},
        runtime=row.runtime if row.image is None else {},
        restart_to_apply=row.stale_secrets or [],
        **_why(version),
        check=version.seen.check and PublishCheck.model_validate(version.seen.check) if version.seen else None,
        deployment_digest=_digest(service.row, version),
    )


def _model_source(row: VersionRow) -> ModelSourceView | ImageSource:
    source = source_of(row)
    if isinstance(source, ImageSource):
        return source
    return ModelSourceView(
        model=source.model,
        version=source.version,
        registry=source.registry,
        digest=row.model_digest,
        **row.model_dump(include={"alias", "follow", "run_id", "model_id"}),
    )


def _resource_source(row: VersionRow) -> ResourceSourceView | GroupSourceView:
    if row.resource_group is None:
        return ResourceSourceView(spec=row.spec)
    size = {name: row.resources[name] for name in ("cpu", "memory_gb", "gpu")}
    return GroupSourceView(group=row.resource_group, **size, gpu_kind=row.resources.get("gpu_kind"))


def _why(version: StoredVersion) -> dict[str, Any]:
    """`reason`, `message`, `log_tail`: of the failure, else of the last roll-back, else of what its pods wait for."""
    is_told = version.is_current or version.status is VersionStatus.UPDATING
    seen, back = version.seen if is_told else None, version.row.rolled_back
    is_last = back is not None and back.get("revision", version.row.revision) == version.row.revision
    if back is not None and is_last and version.status is not VersionStatus.FAILED:
        return {"reason": "RolledBack", "message": f"{back['reason']}: {back['message']}", "log_tail": back["log_tail"]}
    if seen is None:
        return {"reason": None, "message": None, "log_tail": []}
    return {"reason": seen.reason, "message": seen.message, "log_tail": seen.log_tail}


def update_preview(
    changes: Iterable[FieldChange], *, replaces_pods: bool = False, effective: dict[str, int] | None = None
) -> UpdatePreview:
    """What a dry run found."""
    shown = [FieldChangeView.model_validate(change, from_attributes=True) for change in changes]
    return UpdatePreview(changes=shown, replaces_pods=replaces_pods, effective_weights=effective)


def traffic_view(service: StoredService) -> TrafficView:
    """The split of a service."""
    return TrafficView(
        weights=service.weights(),
        effective=service.effective_weights(),
        fallback=service.row.fallback,
        revision=service.row.revision,
    )


def _digest(service: ServiceRow, version: StoredVersion) -> str:
    """SHA-256 of what runs, whatever generation of intent asked for it."""
    other = {"generation", "desired_replicas", "autoscaling", "project", "restart"}
    runs = deployment_of(service, version.row).model_dump_json(exclude=other)
    return hashlib.sha256(runs.encode()).hexdigest()
