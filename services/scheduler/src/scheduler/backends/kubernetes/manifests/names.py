"""Names, labels and paths of a version's objects."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from shared.contracts.deployment import Deployment

MAIN, PREPARE = "model", "prepare"
"""Names of the containers: the one that serves, and the one that gets its model and environment before it."""
PORT = 8080
"""That pods listen on."""
VERSION_LABEL = "penstock.io/version-id"
INSTALLATION_LABEL = "penstock.io/installation"
TEMPLATE_LABEL = "penstock.io/template"
SOURCE_LABEL, IMAGE = "penstock.io/source", "image"
"""Label, and its value, of pods that are images of their owners."""
GROUP_LABEL = "penstock.io/group"
"""Label and taint of a node that is kept for a resource group."""
DEPLOYMENT_ANNOTATION = "penstock.io/deployment"
DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"
LONGEST_STEM = 38
"""Of an object's name: with two hashes and a suffix a pod's name keeps to 63 characters, and none is cut short."""


def object_name(deployment: Deployment) -> str:
    """The name of a version's objects: readable, and no other version's."""
    stem = re.sub(r"[^a-z0-9-]", "-", f"{deployment.service}-{deployment.version}")[:LONGEST_STEM].strip("-")
    return f"{stem}-{hashlib.sha256(deployment.version_id.bytes).hexdigest()[:6]}"


def pull_secret_name(deployment: Deployment) -> str:
    """The name of the secret that a version's own image is pulled with."""
    return f"{object_name(deployment)}-pull"


def owner_of(pod: str) -> str:
    """The name of the objects of a pod's version: a pod's is made of it, a ReplicaSet's hash and its own."""
    return pod.rsplit("-", 2)[0]


def labels_of(deployment: Deployment, installation: str) -> dict[str, str]:
    """Of every object of a version."""
    return {
        **selector_of(deployment.version_id, installation),
        "app.kubernetes.io/name": deployment.service,
        "app.kubernetes.io/instance": object_name(deployment),
        "app.kubernetes.io/version": deployment.version,
        "app.kubernetes.io/component": "model",
        "app.kubernetes.io/part-of": "penstock",
        "app.kubernetes.io/managed-by": "penstock",
    }


def selector_of(version_id: UUID, installation: str) -> dict[str, str]:
    """What names the pods of a version."""
    return {VERSION_LABEL: str(version_id), INSTALLATION_LABEL: installation}


def version_of(found: Mapping[str, Any]) -> UUID | None:
    """The version that an object is of."""
    try:
        return UUID((found["metadata"].get("labels") or {})[VERSION_LABEL])
    except (KeyError, ValueError):
        return None


def deployments_path(namespace: str, name: str = "") -> str:
    """Path of the Deployments, or of one."""
    return _path(f"/apis/apps/v1/namespaces/{namespace}/deployments", name)


def pods_path(namespace: str, name: str = "") -> str:
    """Path of the pods, or of one."""
    return _path(f"/api/v1/namespaces/{namespace}/pods", name)


def secrets_path(namespace: str, name: str = "") -> str:
    """Path of the secrets, or of one."""
    return _path(f"/api/v1/namespaces/{namespace}/secrets", name)


def events_path(namespace: str) -> str:
    """Path of the events."""
    return f"/api/v1/namespaces/{namespace}/events"


def disruption_budgets_path(namespace: str, name: str = "") -> str:
    """Path of the disruption budgets, or of one."""
    return _path(f"/apis/policy/v1/namespaces/{namespace}/poddisruptionbudgets", name)


def _path(folder: str, name: str) -> str:
    return f"{folder}/{name}" if name else folder
