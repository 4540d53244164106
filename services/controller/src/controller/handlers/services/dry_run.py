"""What an update does to a service and its versions, compared before and after the use case ran in a dry run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from controller.domain.services.field_changes import FieldChange, service_changes, version_changes, weight_changes
from controller.domain.services.status import ACTIVE
from controller.handlers.services.deployments import deployment_of
from controller.store.audit import audited_values
from controller.store.services.services import StoredService


@dataclass(frozen=True)
class ServiceState:
    """A service at one moment; `pods`: what those of each active version are made of."""

    service: Mapping[str, Any]
    versions: Mapping[str, Mapping[str, Any]]
    weights: Mapping[str, int]
    pods: Mapping[str, tuple[str, int | None]]


def state_of(service: StoredService) -> ServiceState:
    """The service as it is now, in this transaction."""
    deployments = {
        each.row.name: deployment_of(service.row, each.row) for each in service.versions if each.status in ACTIVE
    }
    return ServiceState(
        audited_values(service.row),
        {each.row.name: audited_values(each.row) for each in service.versions},
        service.weights(),
        {name: (each.pod_configuration(), each.restart) for name, each in deployments.items()},
    )


def replaces_pods(before: ServiceState, after: ServiceState) -> bool:
    """Whether pods of an active version are replaced by others."""
    return any(after.pods.get(name, made_of) != made_of for name, made_of in before.pods.items())


def changes_of_version(before: ServiceState, after: ServiceState, version: str) -> list[FieldChange]:
    """What differs of one version."""
    return version_changes(before.versions[version], after.versions[version])


def changes_of_service(before: ServiceState, after: ServiceState) -> list[FieldChange]:
    """What differs of the service itself and of its versions (`versions.v1.log_delivery.enabled`)."""
    return [
        *service_changes(before.service, after.service),
        *(
            replace(change, field=f"versions.{name}.{change.field}")
            for name in before.versions
            for change in changes_of_version(before, after, name)
        ),
    ]


def changes_of_split(before: ServiceState, after: ServiceState) -> list[FieldChange]:
    """What differs of the weights and the fallback."""
    return [*weight_changes(before.weights, after.weights), *service_changes(before.service, after.service)]
