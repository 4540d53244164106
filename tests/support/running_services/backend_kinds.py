"""The ways to run pods, as one thing to test: the same fake pod as a process and as a container."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Protocol

import psutil

from running_services.scheduler_world import FAKE_POD, QUICK, FakePreparation, World, at_work, running
from scheduler.backends.docker.container_spec import Mount
from scheduler.backends.docker.engine.client import Engine
from scheduler.backends.docker.installation import installation_of
from scheduler.backends.docker.options import POD_PORT, DockerOptions
from scheduler.backends.docker.preparation.container_plan import ContainerPlan
from scheduler.backends.docker.runner import DockerRunner
from scheduler.backends.docker.site.host_paths import HostPaths
from scheduler.backends.lifecycle.folders.pod_folder import PodRecord
from scheduler.backends.lifecycle.folders.run_folder import RunFolder
from scheduler.backends.lifecycle.options import LifecycleOptions
from scheduler.backends.preparation.port import AddNote, Preparation
from scheduler.domain.values import PodObservation
from servers.container_engine import ADDRESS, containers, docker, inspect, python_image
from shared.clock import SystemClock


class BackendKind(Protocol):
    """How a test starts a backend of a kind, and what it does to its pods from outside."""

    name: str

    def running(self, home: Path, preparation: Any = None) -> AbstractAsyncContextManager[World]:
        """A backend at work; leaving it leaves the pods."""
        ...

    def send(self, pod: PodObservation, number: signal.Signals) -> None:
        """Signal what runs; SIGSTOP freezes it."""
        ...

    def runs(self, pod: PodObservation) -> bool:
        """Whether what ran then is still there."""
        ...

    def identity(self, pod: PodObservation) -> str:
        """What runs: another one after a restart."""
        ...


class Processes:
    """Pods as processes of this machine."""

    name = "process"

    def running(self, home: Path, preparation: Any = None) -> AbstractAsyncContextManager[World]:
        return running(home, QUICK, preparation)

    def send(self, pod: PodObservation, number: signal.Signals) -> None:
        assert pod.pid is not None
        os.kill(pod.pid, number)

    def runs(self, pod: PodObservation) -> bool:
        assert pod.pid is not None
        return psutil.pid_exists(pod.pid)

    def identity(self, pod: PodObservation) -> str:
        return str(pod.pid)


@dataclass(frozen=True)
class FakeContainers:
    """The fake pod in an image with a Python; what it reads on this machine is mounted where it lies."""

    preparation: Preparation
    folder: Path

    async def plan(self, record: PodRecord, run: RunFolder, paths: HostPaths, add_note: AddNote) -> ContainerPlan:
        _, *rest = await self.preparation.command(record.deployment, record.template, run, add_note)
        command = ("python3", *rest, "--port", str(POD_PORT))
        mounts = tuple(Mount(paths.of(each), str(each)) for each in (FAKE_POD, self.folder))
        image = python_image()
        assert image is not None
        # The test's folder is its user's alone.
        user = f"{os.geteuid()}:{os.getegid()}"
        return ContainerPlan(image, command, entrypoint=command, arguments=(), mounts=mounts, user=user)

    async def run(self) -> None:
        await asyncio.get_running_loop().create_future()


class Containers:
    """Pods as containers of an engine."""

    name = "docker"

    @asynccontextmanager
    async def running(self, home: Path, preparation: Any = None) -> AsyncIterator[World]:
        runner = self.runner(home, preparation)
        async with at_work(home, runner, runner.options) as world:
            yield world

    def runner(self, home: Path, preparation: Any = None) -> DockerRunner:
        """What runs the fake pod as containers."""
        common = {field.name: getattr(QUICK, field.name) for field in fields(LifecycleOptions)}
        return DockerRunner(
            Engine(ADDRESS),
            installation_of(home / "pods", ADDRESS),
            FakeContainers(preparation or FakePreparation(home), home),
            DockerOptions(**common),
            SystemClock(),
        )

    def send(self, pod: PodObservation, number: signal.Signals) -> None:
        (container,) = self._of(pod)
        if number == signal.SIGSTOP:
            docker("pause", container)
        else:
            docker("kill", "--signal", number.name, container)

    def runs(self, pod: PodObservation) -> bool:
        return bool(self._of(pod))

    def identity(self, pod: PodObservation) -> str:
        (container,) = self._of(pod)
        return container

    def inspected(self, pod: PodObservation) -> dict[str, Any]:
        """All that the engine knows of what runs."""
        return inspect(self.identity(pod))

    def _of(self, pod: PodObservation) -> list[str]:
        return containers(f"penstock.pod={pod.pod}", f"penstock.run={pod.run}")
