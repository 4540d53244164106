"""A pod of somebody's own image: what it runs is the image's, what it may do is not.

The image's own user runs it, and its root may be written to: nobody knows what it writes where. Files that it mounts
are brought by the container before it (artifacts, objects), are mounted by the node (those of other images), or lie in
the version's secret (inline ones).
"""

from __future__ import annotations

from scheduler.backends.kubernetes.manifests.names import MAIN, object_name, pull_secret_name
from scheduler.backends.kubernetes.manifests.parts import (
    SHARED_MEMORY_MOUNT,
    USER,
    Manifest,
    confined,
    pre_stop,
    probes,
    resources_of,
    shared_memory,
    variables,
)
from scheduler.backends.kubernetes.manifests.prepare_container import prepare_container
from scheduler.backends.kubernetes.options import KubernetesOptions
from scheduler.backends.preparation.mounts import fetched_mounts, inline_files
from scheduler.backends.preparation.registry_logins import private_images
from scheduler.backends.preparation.variables import identity_variables
from shared.contracts.deployment import Deployment, ImageSource

MOUNTS = "mounts"
"""Folder of the prepared volume with one folder for each mount, by its number."""


def image_parts(deployment: Deployment, image: ImageSource, options: KubernetesOptions) -> Manifest:
    """What of a pod's spec is an image's."""
    fetched = tuple(fetched_mounts(deployment))
    own = [pull_secret_name(deployment)] if private_images(image) else []
    pull_secrets = [{"name": name} for name in (*options.image_pull_secrets, *own)]
    return {
        "securityContext": {
            "runAsNonRoot": not options.has_root_images,
            "fsGroup": USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        **({"initContainers": [prepare_container(deployment, options, fetched)]} if fetched else {}),
        "containers": [_image_container(deployment, image, options)],
        "volumes": [*_volumes(deployment), *_image_volumes(image)],
        **({"imagePullSecrets": pull_secrets} if pull_secrets else {}),
    }


def file_key(number: int) -> str:
    """Under which the content of a mount stands in the version's secret."""
    return f"file.{number}"


def _image_container(deployment: Deployment, image: ImageSource, options: KubernetesOptions) -> Manifest:
    # No pull policy: the cluster's own, which asks the registry each time for `latest`, else for what a node lacks.
    return {
        "name": MAIN,
        "image": image.image,
        **({"command": list(image.command)} if image.command else {}),
        **({"args": list(image.args)} if image.args else {}),
        "env": variables(deployment, identity_variables("", deployment)),
        "ports": [{"name": "http", "containerPort": image.port, "protocol": "TCP"}],
        "resources": resources_of(deployment.resources, options),
        "securityContext": confined() | {"readOnlyRootFilesystem": False, "runAsNonRoot": not options.has_root_images},
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "lifecycle": {"preStop": pre_stop(options)},
        **probes(image.health_path, image.health_path, image.port, None, options),
        "volumeMounts": [*_mounts(deployment, image), SHARED_MEMORY_MOUNT],
    }


def _mounts(deployment: Deployment, image: ImageSource) -> list[Manifest]:
    found: dict[int, Manifest] = {
        number: {"name": "prepared", "mountPath": mount.path, "subPath": f"{MOUNTS}/{number}", "readOnly": True}
        for number, mount in fetched_mounts(deployment).items()
    }
    for number, mount in inline_files(deployment).items():
        found[number] = {"name": "files", "mountPath": mount.path, "subPath": str(number), "readOnly": True}
    for number, mounted in image.mounted_images().items():
        # Without a `subPath`: containerd 2.1 takes no notice of it.
        found[number] = {"name": _volume_name(number), "mountPath": mounted.path, "readOnly": True}
    return [found[number] for number in sorted(found)]


def _image_volumes(image: ImageSource) -> list[Manifest]:
    """Images whose files are mounted: the node has them beside its other images, once for all pods.

    No pull policy, as of the container: the cluster's own.
    """
    return [
        {"name": _volume_name(number), "image": {"reference": mounted.image}}
        for number, mounted in image.mounted_images().items()
    ]


def _volume_name(number: int) -> str:
    return f"image-{number}"


def _volumes(deployment: Deployment) -> list[Manifest]:
    volumes = [shared_memory(deployment)]
    if fetched_mounts(deployment):
        volumes += [{"name": "prepared", "emptyDir": {}}, {"name": "scratch", "emptyDir": {}}]
    if inline := inline_files(deployment):
        items = [{"key": file_key(number), "path": str(number)} for number in inline]
        secret = {"secretName": object_name(deployment), "items": items, "defaultMode": 0o444}
        volumes.append({"name": "files", "secret": secret})
    return volumes
