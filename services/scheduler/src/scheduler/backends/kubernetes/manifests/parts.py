"""Parts that the containers of models and of images have alike."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from scheduler.backends.kubernetes.manifests.gpus import gpus_of, with_nodes
from scheduler.backends.kubernetes.manifests.names import GROUP_LABEL, object_name
from scheduler.backends.kubernetes.options import KubernetesOptions
from scheduler.backends.pod_api.tokens import TOKEN_HEADER
from scheduler.backends.preparation.variables import plain_variables
from shared.contracts.deployment import Deployment, Resources, SecretKeyRef

Manifest = dict[str, Any]

PREPARED = "/penstock"
USER = 10001
GIB = 1 << 30
PROBE_PERIOD_S = 5


def field_variable(name: str, path: str) -> Manifest:
    """A variable that the pod's own object gives."""
    return {"name": name, "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": path}}}


def secret_variable(name: str, secret: str, key: str) -> Manifest:
    """A variable from a key of a secret."""
    return {"name": name, "valueFrom": {"secretKeyRef": {"name": secret, "key": key}}}


def variables(deployment: Deployment, own: Mapping[str, str]) -> list[Manifest]:
    """The pod's name, what its owner set, and `own`, which wins."""
    secret, plain = object_name(deployment), {**plain_variables(deployment), **own}
    plain.pop("PENSTOCK_POD", None)
    return [
        field_variable("PENSTOCK_POD", "metadata.name"),
        *({"name": name, "value": value} for name, value in sorted(plain.items())),
        *(
            secret_variable(name, secret, variable_key(name))
            for name, value in sorted(deployment.env.items())
            if isinstance(value, SecretKeyRef)
        ),
    ]


def variable_key(name: str) -> str:
    """Under which a variable's value stands in the version's secret."""
    return f"env.{name}"


def resources_of(resources: Resources, options: KubernetesOptions) -> Manifest:
    """Limits as asked for; of the shared pool, requests are as many times less as its nodes may be overcommitted."""
    share = options.overcommit
    cpu_share, memory_share = (1.0, 1.0) if resources.group else (share.cpu, share.memory_gb)
    gpus = gpus_of(resources, options)
    devices = {gpus.resource: str(resources.gpu)} if gpus else {}
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


def shared_memory(deployment: Deployment) -> Manifest:
    """The volume that is mounted at `/dev/shm`."""
    limit = math.ceil(deployment.resources.memory_gb * GIB / 2)
    return {"name": "shared-memory", "emptyDir": {"medium": "Memory", "sizeLimit": str(limit)}}


SHARED_MEMORY_MOUNT: Manifest = {"name": "shared-memory", "mountPath": "/dev/shm"}  # noqa: S108 - a volume of the pod's


def confined() -> Manifest:
    """What a container of ours may do."""
    return {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "runAsNonRoot": True,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def probe(path: str, port: int, token: str | None, *, every_s: int, timeout_s: int, failures: int) -> Manifest:
    """A GET by the node; `token`: None, of somebody's own image, which is sent none."""
    known = {"httpHeaders": [{"name": TOKEN_HEADER, "value": token}]} if token is not None else {}
    return {
        "httpGet": {"path": path, "port": port, "scheme": "HTTP", **known},
        "periodSeconds": every_s,
        "timeoutSeconds": timeout_s,
        "failureThreshold": failures,
        "successThreshold": 1,
    }


def probes(ready: str, alive: str, port: int, token: str | None, options: KubernetesOptions) -> Manifest:
    """The three probes of a container, by the paths that say that it is ready and that it lives."""
    timeout_s, failures = max(1, options.unready_after_s - 1), max(2, options.hung_after_s // PROBE_PERIOD_S)
    return {
        "startupProbe": probe(ready, port, token, every_s=1, timeout_s=5, failures=options.start_limit_s),
        "readinessProbe": probe(ready, port, token, every_s=1, timeout_s=timeout_s, failures=2),
        "livenessProbe": probe(alive, port, token, every_s=PROBE_PERIOD_S, timeout_s=PROBE_PERIOD_S, failures=failures),
    }


def pre_stop(options: KubernetesOptions) -> Manifest:
    """Serve on while the routers hear of it; the field needs no shell in the image."""
    if options.has_sleep_action:
        return {"sleep": {"seconds": options.pre_stop_s}}
    return {"exec": {"command": ["sleep", str(options.pre_stop_s)]}}


def placement(resources: Resources, options: KubernetesOptions) -> Manifest:
    """What the installation's owner says of every pod, and the nodes of the version's group and of its GPUs."""
    found = dict(options.pod)
    if affinity := with_nodes(found.get("affinity") or {}, gpus_of(resources, options)):
        found["affinity"] = affinity
    if resources.group is not None:
        found["nodeSelector"] = {**found.get("nodeSelector", {}), GROUP_LABEL: resources.group}
        kept = {"key": GROUP_LABEL, "operator": "Equal", "value": resources.group, "effect": "NoSchedule"}
        found["tolerations"] = [*found.get("tolerations", []), kept]
    return found
