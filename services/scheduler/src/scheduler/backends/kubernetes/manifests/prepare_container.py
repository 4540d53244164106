"""The first container of a pod: it gets what the pod needs with a ticket, in the platform's own image."""

from __future__ import annotations

from collections.abc import Sequence

from scheduler.backends.kubernetes.manifests.names import PREPARE, object_name
from scheduler.backends.kubernetes.manifests.parts import (
    PREPARED,
    USER,
    Manifest,
    confined,
    field_variable,
    resources_of,
    secret_variable,
)
from scheduler.backends.kubernetes.options import KubernetesOptions
from shared.contracts.deployment import Deployment

KEPT = "/penstock-kept"
TICKET_KEY = "ticket"
PREPARE_COMMAND = ("python", "-m", "scheduler.backends.kubernetes.supply.prepare")


def prepare_container(deployment: Deployment, options: KubernetesOptions, mounts: Sequence[int] = ()) -> Manifest:
    """It gets a model and its environment; or, of a version that is an image, the files of its `mounts`."""
    of_image = {"securityContext": {**confined(), "runAsUser": USER, "runAsGroup": USER}} if mounts else {}
    keeps = bool(options.claim) and not mounts
    return {
        "name": PREPARE,
        "image": options.image,
        "imagePullPolicy": options.image_pull_policy,
        "command": list(PREPARE_COMMAND),
        "env": [
            field_variable("PENSTOCK_POD", "metadata.name"),
            {"name": "PENSTOCK_SUPPLY_URL", "value": options.supply_url},
            {"name": "PENSTOCK_PREPARED", "value": PREPARED},
            {"name": "PENSTOCK_KEPT", "value": KEPT if keeps else ""},
            *([{"name": "PENSTOCK_MOUNTS", "value": ",".join(map(str, mounts))}] if mounts else []),
            {"name": "HOME", "value": "/tmp"},  # noqa: S108 - a volume of the pod's own
            {"name": "TMPDIR", "value": "/tmp"},  # noqa: S108 - likewise
            {"name": "PYTHONUNBUFFERED", "value": "1"},
            secret_variable("PENSTOCK_TICKET", object_name(deployment), TICKET_KEY),
            *({"name": name, "value": value} for name, value in sorted(options.prepare_environment.items())),
        ],
        "resources": resources_of(deployment.resources, options),
        "securityContext": confined(),
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [
            {"name": "prepared", "mountPath": PREPARED},
            {"name": "scratch", "mountPath": "/tmp"},  # noqa: S108 - likewise
            *([{"name": "kept", "mountPath": KEPT}] if keeps else []),
        ],
        **of_image,
    }
