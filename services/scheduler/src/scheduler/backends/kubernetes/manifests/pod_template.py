"""The pod template of a version: what runs, what it may use, how it is asked whether it is well.

What is not here is not allowed: the template is admitted by the pod security level `restricted`. A change in it makes
the cluster replace the version's pods, so nothing stands in it that changes while a version runs on as it is.
"""

from __future__ import annotations

from pathlib import Path

from scheduler.backends.kubernetes.manifests.image_containers import image_parts
from scheduler.backends.kubernetes.manifests.names import (
    DEPLOYMENT_ANNOTATION,
    IMAGE,
    MAIN,
    PORT,
    SOURCE_LABEL,
    TEMPLATE_LABEL,
    labels_of,
    object_name,
    selector_of,
)
from scheduler.backends.kubernetes.manifests.parts import (
    PREPARED,
    SHARED_MEMORY_MOUNT,
    USER,
    Manifest,
    confined,
    placement,
    pre_stop,
    probes,
    resources_of,
    secret_variable,
    shared_memory,
    variables,
)
from scheduler.backends.kubernetes.manifests.prepare_container import KEPT, prepare_container
from scheduler.backends.kubernetes.options import KubernetesOptions
from scheduler.backends.pod_api.tokens import TOKEN_VARIABLE
from scheduler.backends.preparation.variables import base_variables
from scheduler.domain.rollout import template_of
from shared.contracts.deployment import Deployment

TOKEN_KEY = "pod-token"  # noqa: S105 - the name of a key


def pod_template(deployment: Deployment, options: KubernetesOptions, token: str) -> Manifest:
    """The template of a version's pods; `token`: what those of models are to be asked with."""
    image = deployment.image_source()
    labels = {**labels_of(deployment, options.installation), TEMPLATE_LABEL: template_of(deployment)}
    if image is not None:
        labels[SOURCE_LABEL] = IMAGE
    parts = _model_parts(deployment, options, token) if image is None else image_parts(deployment, image, options)
    return {
        "metadata": {"labels": labels, "annotations": {DEPLOYMENT_ANNOTATION: configuration_json(deployment)}},
        "spec": {
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "terminationGracePeriodSeconds": options.pre_stop_s + options.grace_s,
            "topologySpreadConstraints": [_spread(deployment, options)],
            **parts,
            **placement(deployment.resources, options),
        },
    }


def configuration_json(deployment: Deployment) -> str:
    """What a pod is made of, for whoever meters it: nothing of it changes while the pod's template stays."""
    plain = deployment.model_copy(update={"generation": 1, "desired_replicas": 1, "autoscaling": None, "project": None})
    image = plain.image_source()
    if image is not None:  # files in it may be large, and an annotation may not
        plain = plain.model_copy(update={"model_source": image.model_copy(update={"mounts": ()})})
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


def _model_parts(deployment: Deployment, options: KubernetesOptions, token: str) -> Manifest:
    """What of a pod's spec is a model's."""
    pull_secrets = [{"name": name} for name in options.image_pull_secrets]
    return {
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "fsGroup": USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "initContainers": [prepare_container(deployment, options)],
        "containers": [_model_container(deployment, options, token)],
        "volumes": [
            {"name": "prepared", "emptyDir": {}},
            {"name": "scratch", "emptyDir": {}},
            shared_memory(deployment),
            *([{"name": "kept", "persistentVolumeClaim": {"claimName": options.claim}}] if options.claim else []),
        ],
        **({"imagePullSecrets": pull_secrets} if pull_secrets else {}),
    }


def _model_container(deployment: Deployment, options: KubernetesOptions, token: str) -> Manifest:
    command = model_command(deployment)
    return {
        "name": MAIN,
        "image": options.image,
        "imagePullPolicy": options.image_pull_policy,
        "command": command,
        "env": _environment(deployment, command),
        "ports": [{"name": "http", "containerPort": PORT, "protocol": "TCP"}],
        "resources": resources_of(deployment.resources, options),
        "securityContext": confined(),
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "lifecycle": {"preStop": pre_stop(options)},
        **probes("/ping", "/health/live", PORT, token, options),
        "volumeMounts": [
            {"name": "prepared", "mountPath": PREPARED, "readOnly": True},
            {"name": "scratch", "mountPath": "/tmp"},  # noqa: S108 - a volume of the pod's own
            SHARED_MEMORY_MOUNT,
            *([{"name": "kept", "mountPath": KEPT, "readOnly": True}] if options.claim else []),
        ],
    }


def _environment(deployment: Deployment, command: list[str]) -> list[Manifest]:
    own = base_variables("", deployment, Path("/tmp"), command)  # noqa: S108 - a volume of the pod's own
    name, *others = variables(deployment, own)
    return [name, secret_variable(TOKEN_VARIABLE, object_name(deployment), TOKEN_KEY), *others]


def _spread(deployment: Deployment, options: KubernetesOptions) -> Manifest:
    return {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": selector_of(deployment.version_id, options.installation)},
    }
