"""The pod template of a version: what runs, what it may use, how it is asked whether it is well.

What is not here is not allowed: the template is admitted by the pod security level `restricted`. A change in it makes
the cluster replace the version's pods, so nothing stands in it that changes while a version runs on as it is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scheduler.backends.kubernetes.manifests.names import (
    DEPLOYMENT_ANNOTATION,
    GROUP_LABEL,
    MAIN,
    PORT,
    PREPARE,
    TEMPLATE_LABEL,
    labels_of,
    object_name,
    selector_of,
)
from scheduler.backends.kubernetes.options import KubernetesOptions
from scheduler.backends.pod_api.tokens import TOKEN_HEADER, TOKEN_VARIABLE
from scheduler.backends.preparation.variables import base_variables, plain_variables
from scheduler.domain.rollout import template_of
from shared.contracts.deployment import Deployment, Resources, SecretKeyRef

PREPARED = "/penstock"
KEPT = "/penstock-kept"
USER = 10001
TOKEN_KEY, TICKET_KEY = "pod-token", "ticket"
GIB = 1 << 30
PREPARE_COMMAND = ("python", "-m", "scheduler.backends.kubernetes.supply.prepare")
PROBE_PERIOD_S = 5

Manifest = dict[str, Any]


def pod_template(deployment: Deployment, options: KubernetesOptions, token: str) -> Manifest:
    """The template of a version's pods; `token`: what they are to be asked with."""
    labels = {**labels_of(deployment, options.installation), TEMPLATE_LABEL: template_of(deployment)}
    return {
        "metadata": {"labels": labels, "annotations": {DEPLOYMENT_ANNOTATION: configuration_json(deployment)}},
        "spec": {
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": USER,
                "runAsGroup": USER,
                "fsGroup": USER,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "terminationGracePeriodSeconds": options.pre_stop_s + options.grace_s,
            "topologySpreadConstraints": [_spread(deployment, options)],
            "initContainers": [_prepare_container(deployment, options)],
            "containers": [_model_container(deployment, options, token)],
            "volumes": _volumes(deployment, options),
            **_pull_secrets(options),
            **_placement(deployment.resources, options.pod),
        },
    }


def configuration_json(deployment: Deployment) -> str:
    """What a pod is made of, for whoever meters it: nothing of it changes while the pod's template stays."""
    plain = deployment.model_copy(update={"generation": 1, "desired_replicas": 1, "autoscaling": None, "project": None})
    return plain.model_dump_json(exclude_defaults=True)


def model_command(deployment: Deployment) -> list[str]:
    """How the model server is started; both folders are made by the container that prepares the pod."""
    runtime = deployment.runtime
    return [
        f"{PREPARED}/environment/bin/python", "-m", "penstock_runtime",
        "--model-path", f"{PREPARED}/model",
        "--row-wise", runtime.row_wise,
        "--types", runtime.types,
        "--max-batch-rows", str(runtime.max_batch_rows),
        "--workers", str(runtime.workers),
        "--host", "0.0.0.0",  # noqa: S104 - the pod's own address, kept by a network policy
        "--port", str(PORT),
    ]  # fmt: skip


def _model_container(deployment: Deployment, options: KubernetesOptions, token: str) -> Manifest:
    command = model_command(deployment)
    return {
        "name": MAIN,
        "image": options.image,
        "imagePullPolicy": options.image_pull_policy,
        "command": command,
        "env": _environment(deployment, command),
        "ports": [{"name": "http", "containerPort": PORT, "protocol": "TCP"}],
        "resources": _resources(deployment.resources, options),
        "securityContext": _confined(),
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "lifecycle": {"preStop": _pre_stop(options)},
        "startupProbe": _probe("/ping", token, every_s=1, timeout_s=5, failures=options.start_limit_s),
        "readinessProbe": _probe("/ping", token, every_s=1, timeout_s=max(1, options.unready_after_s - 1), failures=2),
        "livenessProbe": _probe(
            "/health/live",
            token,
            every_s=PROBE_PERIOD_S,
            timeout_s=PROBE_PERIOD_S,
            failures=max(2, options.hung_after_s // PROBE_PERIOD_S),
        ),
        "volumeMounts": [
            {"name": "prepared", "mountPath": PREPARED, "readOnly": True},
            {"name": "scratch", "mountPath": "/tmp"},  # noqa: S108 - a volume of the pod's own
            {"name": "shared-memory", "mountPath": "/dev/shm"},  # noqa: S108 - likewise
            *([{"name": "kept", "mountPath": KEPT, "readOnly": True}] if options.claim else []),
        ],
    }


def _prepare_container(deployment: Deployment, options: KubernetesOptions) -> Manifest:
    secret = object_name(deployment)
    return {
        "name": PREPARE,
        "image": options.image,
        "imagePullPolicy": options.image_pull_policy,
        "command": list(PREPARE_COMMAND),
        "env": [
            _field("PENSTOCK_POD", "metadata.name"),
            {"name": "PENSTOCK_SUPPLY_URL", "value": options.supply_url},
            {"name": "PENSTOCK_PREPARED", "value": PREPARED},
            {"name": "PENSTOCK_KEPT", "value": KEPT if options.claim else ""},
            {"name": "HOME", "value": "/tmp"},  # noqa: S108 - a volume of the pod's own
            {"name": "TMPDIR", "value": "/tmp"},  # noqa: S108 - likewise
            {"name": "PYTHONUNBUFFERED", "value": "1"},
            {"name": "PENSTOCK_TICKET", "valueFrom": {"secretKeyRef": {"name": secret, "key": TICKET_KEY}}},
            *({"name": name, "value": value} for name, value in sorted(options.prepare_environment.items())),
        ],
        "resources": _resources(deployment.resources, options),
        "securityContext": _confined(),
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [
            {"name": "prepared", "mountPath": PREPARED},
            {"name": "scratch", "mountPath": "/tmp"},  # noqa: S108 - likewise
            *([{"name": "kept", "mountPath": KEPT}] if options.claim else []),
        ],
    }


def _environment(deployment: Deployment, command: list[str]) -> list[Manifest]:
    secret = object_name(deployment)
    plain = {**plain_variables(deployment), **base_variables("", deployment, Path("/tmp"), command)}  # noqa: S108
    plain.pop("PENSTOCK_POD")
    return [
        _field("PENSTOCK_POD", "metadata.name"),
        {"name": TOKEN_VARIABLE, "valueFrom": {"secretKeyRef": {"name": secret, "key": TOKEN_KEY}}},
        *({"name": name, "value": value} for name, value in sorted(plain.items())),
        *(
            {"name": name, "valueFrom": {"secretKeyRef": {"name": secret, "key": variable_key(name)}}}
            for name, value in sorted(deployment.env.items())
            if isinstance(value, SecretKeyRef)
        ),
    ]


def variable_key(name: str) -> str:
    """Under which a variable's value stands in the version's secret."""
    return f"env.{name}"


def _field(name: str, path: str) -> Manifest:
    return {"name": name, "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": path}}}


def _resources(resources: Resources, options: KubernetesOptions) -> Manifest:
    """Limits as asked for; of the shared pool, requests are as many times less as its nodes may be overcommitted."""
    share = options.overcommit
    cpu_share, memory_share = (1.0, 1.0) if resources.group else (share.cpu, share.memory_gb)
    devices = {options.gpu_resource: str(resources.gpu)} if resources.gpu else {}
    return {
        "requests": {
            "cpu": f"{math.ceil(resources.cpu * 1000 / cpu_share)}m",
            "memory": str(math.ceil(resources.memory_gb * GIB / memory_share)),
            **devices,
        },
        "limits": {
            "cpu": f"{math.ceil(resources.cpu * 1000)}m",
            "memory": str(math.ceil(resources.memory_gb * GIB)),
            **devices,
        },
    }


def _volumes(deployment: Deployment, options: KubernetesOptions) -> list[Manifest]:
    shared_memory = math.ceil(deployment.resources.memory_gb * GIB / 2)
    return [
        {"name": "prepared", "emptyDir": {}},
        {"name": "scratch", "emptyDir": {}},
        {"name": "shared-memory", "emptyDir": {"medium": "Memory", "sizeLimit": str(shared_memory)}},
        *([{"name": "kept", "persistentVolumeClaim": {"claimName": options.claim}}] if options.claim else []),
    ]


def _confined() -> Manifest:
    return {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "runAsNonRoot": True,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def _probe(path: str, token: str, *, every_s: int, timeout_s: int, failures: int) -> Manifest:
    return {
        "httpGet": {
            "path": path,
            "port": PORT,
            "scheme": "HTTP",
            "httpHeaders": [{"name": TOKEN_HEADER, "value": token}],
        },
        "periodSeconds": every_s,
        "timeoutSeconds": timeout_s,
        "failureThreshold": failures,
        "successThreshold": 1,
    }


def _pre_stop(options: KubernetesOptions) -> Manifest:
    """Serve on while the routers hear of it; the field needs no shell in the image."""
    if options.has_sleep_action:
        return {"sleep": {"seconds": options.pre_stop_s}}
    return {"exec": {"command": ["sleep", str(options.pre_stop_s)]}}


def _spread(deployment: Deployment, options: KubernetesOptions) -> Manifest:
    return {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": selector_of(deployment.version_id, options.installation)},
    }


def _pull_secrets(options: KubernetesOptions) -> Manifest:
    names = options.image_pull_secrets
    return {"imagePullSecrets": [{"name": name} for name in names]} if names else {}


def _placement(resources: Resources, passed: Mapping[str, Any]) -> Manifest:
    """What the installation's owner says of every pod, and the nodes of the version's group."""
    found = dict(passed)
    if resources.group is not None:
        found["nodeSelector"] = {**found.get("nodeSelector", {}), GROUP_LABEL: resources.group}
        kept = {"key": GROUP_LABEL, "operator": "Equal", "value": resources.group, "effect": "NoSchedule"}
        found["tolerations"] = [*found.get("tolerations", []), kept]
    return found
