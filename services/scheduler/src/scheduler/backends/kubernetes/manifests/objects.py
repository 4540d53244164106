"""What is applied for a version: its Deployment, its secret, its disruption budget."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping

from scheduler.backends.kubernetes.manifests.names import labels_of, object_name, pull_secret_name, selector_of
from scheduler.backends.kubernetes.manifests.parts import Manifest
from scheduler.backends.kubernetes.manifests.pod_template import pod_template
from scheduler.backends.kubernetes.options import KubernetesOptions
from scheduler.backends.preparation.registry_logins import RegistryLogin
from shared.contracts.deployment import Deployment
from shared.image_reference import DEFAULT_REGISTRY

DOCKER_HUB_SERVER = "https://index.docker.io/v1/"
"""By which name kubelet looks for a login of Docker Hub."""
GENERATION_ANNOTATION = "penstock.io/generation"


def deployment_manifest(deployment: Deployment, options: KubernetesOptions, token: str) -> Manifest:
    """The Deployment. `replicas` is in it: nobody but this scheduler scales it."""
    is_surge_first = options.rollout == "surge-first"
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            **_metadata(deployment, options),
            "annotations": {GENERATION_ANNOTATION: str(deployment.generation)},
        },
        "spec": {
            "replicas": deployment.desired_replicas,
            "selector": {"matchLabels": selector_of(deployment.version_id, options.installation)},
            "strategy": {
                "type": "RollingUpdate",
                "rollingUpdate": {
                    "maxSurge": 1 if is_surge_first else 0,
                    "maxUnavailable": 0 if is_surge_first else 1,
                },
            },
            "revisionHistoryLimit": 2,
            "progressDeadlineSeconds": options.start_limit_s + 60,
            "template": pod_template(deployment, options, token),
        },
    }


def secret_manifest(deployment: Deployment, options: KubernetesOptions, values: Mapping[str, str]) -> Manifest:
    """The secret that a version's pods take their token, their ticket and their variables from."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": _metadata(deployment, options),
        "type": "Opaque",
        "data": {name: base64.b64encode(value.encode()).decode() for name, value in sorted(values.items())},
    }


def pull_secret_manifest(
    deployment: Deployment, options: KubernetesOptions, logins: Mapping[str, RegistryLogin]
) -> Manifest:
    """What nodes pull a version's images with, by registry; without a login: nothing, in the place of earlier ones."""
    servers = {}
    for registry, login in logins.items():
        server = DOCKER_HUB_SERVER if registry == DEFAULT_REGISTRY else registry
        both = base64.b64encode(f"{login.username}:{login.password}".encode()).decode()
        servers[server] = {"username": login.username, "password": login.password, "auth": both}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {**_metadata(deployment, options), "name": pull_secret_name(deployment)},
        "type": "kubernetes.io/dockerconfigjson",
        "data": {".dockerconfigjson": base64.b64encode(json.dumps({"auths": servers}).encode()).decode()},
    }


def disruption_budget_manifest(deployment: Deployment, options: KubernetesOptions) -> Manifest:
    """At most one pod of a version goes at a time when a node is emptied; a single pod holds nobody up."""
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": _metadata(deployment, options),
        "spec": {
            "maxUnavailable": 1,
            "selector": {"matchLabels": selector_of(deployment.version_id, options.installation)},
        },
    }


def _metadata(deployment: Deployment, options: KubernetesOptions) -> Manifest:
    return {
        "name": object_name(deployment),
        "namespace": options.namespace,
        "labels": labels_of(deployment, options.installation),
    }
