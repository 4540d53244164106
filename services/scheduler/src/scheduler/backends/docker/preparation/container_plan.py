"""What a run's container is made from, before it is made: the image, what is executed, what is mounted."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from scheduler.backends.docker.container_spec import Mount
from scheduler.backends.docker.options import POD_PORT, DockerOptions
from scheduler.backends.docker.preparation.runtime_images import RuntimeImageMissing, RuntimeImages
from scheduler.backends.docker.site.host_paths import HostPaths
from scheduler.backends.errors import PreparationFailed, RegistryUnavailable
from scheduler.backends.lifecycle.folders.pod_folder import PodRecord
from scheduler.backends.lifecycle.folders.run_folder import RunFolder
from scheduler.backends.preparation.port import AddNote, Preparation

log = logging.getLogger("penstock.scheduler.docker")

REFRESH_S = 30.0
SCRATCH = Path("/tmp")  # noqa: S108 - the container's own, in memory


@dataclass(frozen=True)
class ContainerPlan:
    """Of one run. `command`: what its folder says that was executed; `entrypoint` and `arguments` None: the image's."""

    image: str
    """By id: what was looked at is what runs."""
    command: tuple[str, ...]
    entrypoint: tuple[str, ...] | None = None
    arguments: tuple[str, ...] | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    mounts: tuple[Mount, ...] = ()
    user: str | None = None
    is_root_read_only: bool = True
    port: int = POD_PORT
    health_path: str | None = None
    shown_image: str | None = None
    """What people are told that it runs; None: a runtime image of ours."""


class ContainerPreparation(Protocol):
    """Gets what a run's container needs."""

    async def plan(self, record: PodRecord, run: RunFolder, paths: HostPaths, add_note: AddNote) -> ContainerPlan:
        """Raises as `Preparation.command`, and `EngineError`."""
        ...

    async def run(self) -> None:
        """Keep what is known of the engine's images true, until cancelled."""
        ...


@dataclass(frozen=True)
class ModelContainers:
    """Implements `ContainerPreparation` for models of MLflow: a runtime image, the model and its environment mounted.

    `preparation` names the command by paths of this machine; whatever of it lies under `folders` is mounted, read-only,
    at the same path.
    """

    images: RuntimeImages
    preparation: Preparation
    folders: tuple[Path, ...]
    options: DockerOptions

    async def plan(self, record: PodRecord, run: RunFolder, paths: HostPaths, add_note: AddNote) -> ContainerPlan:
        """See `ContainerPreparation.plan`."""
        self.images.paths = paths
        await self.images.refresh()
        try:
            command = await self.preparation.command(record.deployment, record.template, run, add_note)
        except RuntimeImageMissing as missing:
            await self.images.pull(missing.python, add_note)
            command = await self.preparation.command(record.deployment, record.template, run, add_note)
        mounts = tuple(Mount(paths.of(each), str(each)) for each in self._mounted(command))
        listening = ("--host", "0.0.0.0", "--port", str(POD_PORT))  # noqa: S104 - in its own network
        return ContainerPlan(
            self.images.image(await asyncio.to_thread(python_of, command)).id,
            (*command, *listening),
            entrypoint=(*command, *listening),
            arguments=(),
            mounts=mounts,
            user=self.options.user,
        )

    async def run(self) -> None:
        """Look at the images now and then: what is told of a model before it is published depends on them."""
        while True:
            try:
                await self.images.refresh()
            except (PreparationFailed, RegistryUnavailable) as error:
                log.info("runtime images: %s", error.message)
            await asyncio.sleep(REFRESH_S)

    def _mounted(self, command: list[str]) -> list[Path]:
        """The model's folder and the environment's, each the one just below the folder that holds them all."""
        paths = [Path(argument) for argument in command if argument.startswith("/")]
        return sorted(
            {
                folder / path.relative_to(folder).parts[0]
                for path in paths
                for folder in self.folders
                if path.is_relative_to(folder) and path != folder
            }
        )


def python_of(command: list[str]) -> str:
    """Minor version of the Python that runs it: an image's own is named by it, an environment has it in its `lib`."""
    program = Path(command[0])
    if version := program.name.removeprefix("python"):
        return version
    (library,) = (program.parent.parent / "lib").glob("python*")
    return library.name.removeprefix("python")
