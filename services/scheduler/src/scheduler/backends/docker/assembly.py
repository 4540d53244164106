"""Puts the Docker backend together: engine, runtime images, environments, the runner."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from pathlib import Path

from scheduler.backends.docker.container_spec import GpuRequest
from scheduler.backends.docker.engine.client import Engine
from scheduler.backends.docker.installation import installation_of
from scheduler.backends.docker.options import AddressKind, DockerOptions
from scheduler.backends.docker.preparation.container_plan import ModelContainers
from scheduler.backends.docker.preparation.image_containers import ContainersBySource, ImageContainers
from scheduler.backends.docker.preparation.pinned_images import PinnedImages
from scheduler.backends.docker.preparation.runtime_images import RuntimeImages, RuntimeSettings
from scheduler.backends.docker.runner import DockerRunner
from scheduler.backends.environments.store import EnvironmentStore
from scheduler.backends.lifecycle.options import LifecycleOptions
from scheduler.backends.preparation.mlflow_preparation import MlflowPreparation
from scheduler.backends.preparation.mounts import MountCache
from shared.clock import Clock


@dataclass(frozen=True)
class EngineChoice:
    """What an operator chose of the engine; `pods` is the folder of this home's."""

    pods: Path
    address: str
    runtime_image: str
    network: str | None
    is_internal: bool
    address_kind: AddressKind
    build_network: str
    user: str
    gpu_request: GpuRequest


@dataclass(frozen=True)
class ContainerParts:
    """The runner, and the environments of what it runs."""

    runner: DockerRunner
    environments: EnvironmentStore


def assemble(
    choice: EngineChoice, lifecycle: LifecycleOptions, mounts: MountCache, machine: EnvironmentStore, clock: Clock
) -> ContainerParts:
    """`machine`: the environments of this machine, whose settings those in containers share."""
    models = mounts.models
    engine, installation = Engine(choice.address), installation_of(choice.pods, choice.address)
    options = docker_options(choice, lifecycle)
    settings = RuntimeSettings(
        choice.runtime_image,
        platform.python_version(),
        installation,
        choice.build_network,
        machine.folder,
    )
    images = RuntimeImages(engine, settings)
    environments = machine.on(images)
    preparation = MlflowPreparation(models, environments)
    folders = (models.folder.resolve(), environments.folder)
    containers = ContainersBySource(
        ModelContainers(images, preparation, folders, options),
        ImageContainers(engine, PinnedImages(choice.pods.parent / "images"), mounts),
    )
    return ContainerParts(DockerRunner(engine, installation, containers, options, clock), environments)


def docker_options(choice: EngineChoice, lifecycle: LifecycleOptions) -> DockerOptions:
    """With the limits and timeouts that hold whatever runs pods."""
    common = {name: getattr(lifecycle, name) for name in LifecycleOptions.__dataclass_fields__}
    return DockerOptions(
        **common,
        network=choice.network,
        is_internal=choice.is_internal,
        address=choice.address_kind,
        build_network=choice.build_network,
        user=choice.user,
        gpu_request=choice.gpu_request,
    )
