"""What scheduler tests need around a backend: wanted deployments, a fake pod, a record of what was observed."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from scheduler.backends.lifecycle.backend import PodBackend
from scheduler.backends.lifecycle.options import LifecycleOptions
from scheduler.backends.lifecycle.runner import Runner
from scheduler.backends.preparation.port import AddNote, PreparationLog
from scheduler.backends.process.options import PodOptions
from scheduler.backends.process.runner import ProcessRunner
from scheduler.domain.ports import Reach
from scheduler.domain.probes import ProbeLimits
from scheduler.domain.values import PodObservation, PodsListed
from shared.clock import SystemClock
from shared.contracts.deployment import Deployment, MlflowSource, Resources
from shared.contracts.nodes import Node
from shared.ids import new_id

FAKE_POD = Path(__file__).parents[2] / "integration" / "scheduler" / "fake_pod.py"

QUICK = PodOptions(
    probe_every_s=0.05,
    probe_timeout_s=0.5,
    drain_s=0.1,
    grace_s=2.0,
    probe_limits=ProbeLimits(unready_after_s=1.0, hung_after_s=2.0, busy_after_s=6.0),
)
"""Options for tests that do not have the patience of production."""


def wanted(replicas: int = 1, *, generation: int = 1, model_version: str = "1", **ids: UUID) -> Deployment:
    """A deployment of `wine/v1`; hand in `version_id` to speak of the same version again."""
    return Deployment(
        service_id=ids.get("service_id") or new_id(),
        service="wine",
        version_id=ids.get("version_id") or new_id(),
        version="v1",
        generation=generation,
        desired_replicas=replicas,
        model_source=MlflowSource(model="wine_quality", version=model_version),
        resources=Resources(spec="1C2G", cpu=1, memory_gb=2),
    )


class FakePreparation:
    """Starts the fake pod."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def command(self, deployment: Deployment, template: str, log: PreparationLog, add_note: AddNote) -> list[str]:
        return [sys.executable, "-S", str(FAKE_POD), str(self.folder)]


@dataclass
class OpenRoutes:
    """A route table that forgets a pod as soon as it is not ready."""

    routed: set[str] = field(default_factory=set)

    def is_withdrawn(self, pod: str) -> bool:
        return pod not in self.routed


@dataclass
class World:
    """A running backend and all that it told."""

    backend: PodBackend
    routes: OpenRoutes
    seen: list[PodObservation] = field(default_factory=list)
    listed: list[frozenset[str]] = field(default_factory=list)

    @property
    def now(self) -> dict[str, PodObservation]:
        """The last word on each pod that is not gone."""
        latest = {o.pod: o for o in self.seen}
        return {name: o for name, o in latest.items() if not o.is_gone}

    @property
    def ready(self) -> list[PodObservation]:
        return [o for o in self.now.values() if o.ready]

    async def note(self) -> None:
        async for observation in self.backend.watch():
            if isinstance(observation, PodsListed):
                self.listed.append(observation.pods)
            else:
                self.seen.append(observation)


@asynccontextmanager
async def running(
    root: Path,
    options: PodOptions = QUICK,
    preparation: Any = None,
    nodes: Sequence[Node] | None = (),
    ask_for_secrets: Any = None,
) -> AsyncIterator[World]:
    """A backend at work on `root`; leaving it is what SIGTERM does to a scheduler: the pods stay."""
    runner = ProcessRunner(preparation or FakePreparation(root), options, SystemClock())
    async with at_work(root, runner, options, nodes, ask_for_secrets) as world:
        yield world


@asynccontextmanager
async def at_work(
    root: Path,
    runner: Runner,
    options: LifecycleOptions,
    nodes: Sequence[Node] | None = (),
    ask_for_secrets: Any = None,
    reach: Reach | None = None,
) -> AsyncIterator[World]:
    """The same with any runner."""

    async def leads() -> None:
        return None

    routes = OpenRoutes()
    backend = PodBackend(
        root / "pods",
        runner,
        options,
        clock=SystemClock(),
        routes=routes,
        fence=leads,
        ask_for_secrets=ask_for_secrets,
        reach=reach,
    )
    if nodes is not None:
        backend.set_nodes(nodes)
    world = World(backend, routes)
    tasks = [asyncio.create_task(backend.run()), asyncio.create_task(world.note())]
    try:
        yield world
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task
