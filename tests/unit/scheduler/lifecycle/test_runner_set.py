"""Which of several runners has a pod, and what becomes of the others' pods while one is away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from running_services.scheduler_world import wanted
from scheduler.backends.errors import RegistryUnavailable
from scheduler.backends.lifecycle.folders.pod_folder import PodRecord
from scheduler.backends.lifecycle.folders.run_folder import RunFolder
from scheduler.backends.lifecycle.runner import MeasuredRun, PreparedRun, RunProcess
from scheduler.backends.lifecycle.runner_set import RunnerSet
from scheduler.backends.preparation.port import AddNote
from scheduler.domain.values import BACKEND_MISSING, ENGINE_UNAVAILABLE, MeasuredUsage
from shared.contracts.deployment import BackendName, Resources


@dataclass
class StandIn:
    """A runner that answers from the time that it is `there`; what it has started lies in `runs`."""

    name: str
    there: asyncio.Event = field(default_factory=asyncio.Event)
    runs: dict[Path, Any] = field(default_factory=dict)

    async def open(self) -> None:
        await self.there.wait()

    async def run(self, pods: Collection[str]) -> None:
        await asyncio.get_running_loop().create_future()

    def problem(self) -> str | None:
        return None if self.there.is_set() else f"the {self.name} does not answer"

    def problem_for(self, resources: Resources) -> str | None:
        return self.problem()

    def warm(self, record: PodRecord) -> None: ...

    async def prepare(self, record: PodRecord, run: RunFolder, add_note: AddNote) -> PreparedRun:
        return cast(PreparedRun, self)

    def find(self, run: RunFolder) -> RunProcess | None:
        return self.runs.get(run.path)

    async def adopt(self, record: PodRecord, run: RunFolder) -> RunProcess | None:
        return self.runs.get(run.path)

    def clear(self, run: RunFolder) -> None: ...

    def remove_stale(self, runs: Collection[str]) -> None: ...

    async def measure(self, running: Any) -> list[MeasuredUsage]:
        return [MeasuredUsage(self.name, 1.0, 1)] if self.there.is_set() else []

    def forget(self, pod: str) -> None: ...


def asking(backend: BackendName | None) -> PodRecord:
    resources = Resources(spec="1C2G", cpu=1, memory_gb=2, group="gpu" if backend else None, backend=backend)
    deployment = wanted(1).model_copy(update={"resources": resources})
    return PodRecord(name="wine-v1-abcde", deployment=deployment, template="t", created_at=0.0)


@dataclass
class Pair:
    """Processes by default, and containers of an engine that is away at first."""

    processes: StandIn
    containers: StandIn
    set: RunnerSet

    async def prepared_by(self, backend: BackendName | None) -> Any:
        return await self.set.prepare(asking(backend), RunFolder(Path("run-0"), 0), lambda note: None)


@asynccontextmanager
async def pair(*ready: BackendName) -> AsyncIterator[Pair]:
    processes, containers = StandIn("process"), StandIn("engine")
    processes.there.set()
    found = RunnerSet({"process": processes, "docker": containers}, "process", ready or ("process", "docker"))
    await found.open()
    work = asyncio.create_task(found.run(()))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    yield Pair(processes, containers, found)
    work.cancel()


async def test_a_pod_is_prepared_by_what_its_group_names_and_the_others_by_the_default() -> None:
    async with pair() as both:
        both.containers.there.set()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert await both.prepared_by(None) is both.processes
        assert await both.prepared_by("process") is both.processes
        assert await both.prepared_by("docker") is both.containers


async def test_a_runner_that_is_away_holds_up_its_own_pods_alone() -> None:
    async with pair() as both:
        assert await both.prepared_by(None) is both.processes
        with pytest.raises(RegistryUnavailable) as away:
            await both.prepared_by("docker")
        assert (away.value.reason, away.value.message) == (ENGINE_UNAVAILABLE, "the engine does not answer")
        assert both.set.problem_for(asking(None).deployment.resources) is None
        assert both.set.problem_for(asking("docker").deployment.resources) == "the engine does not answer"
        assert both.set.problem() == "the engine does not answer"


async def test_what_runs_is_adopted_from_whoever_started_it_once_that_answers() -> None:
    async with pair() as both:
        by_process, by_engine = (RunFolder(Path(f"{name}/run-0"), 0) for name in ("a", "b"))
        both.processes.runs[by_process.path] = process = SimpleNamespace()
        both.containers.runs[by_engine.path] = container = SimpleNamespace()
        # Of a pod of the default, which another default has started.
        assert await both.set.adopt(asking(None), by_process) is process
        adopting = asyncio.create_task(both.set.adopt(asking(None), by_engine))
        await asyncio.sleep(0.01)
        assert not adopting.done()
        both.containers.there.set()
        assert await adopting is container
        assert await both.set.adopt(asking("docker"), by_process) is process


@pytest.mark.parametrize("named", ["docker", "kubernetes"])
async def test_a_backend_that_is_not_ready_here_is_waited_for_with_a_sentence(named: BackendName) -> None:
    async with pair("process") as both:
        both.containers.there.set()
        with pytest.raises(RegistryUnavailable) as missing:
            await both.prepared_by(named)
        said = f"resource group 'gpu' names the backend {named}, and this scheduler has process (SCHEDULER_BACKENDS)"
        assert (missing.value.reason, missing.value.message) == (BACKEND_MISSING, said)
        assert both.set.problem_for(asking(named).deployment.resources) == said


async def test_each_measures_its_own() -> None:
    async with pair() as both:
        both.containers.there.set()
        found = await both.set.measure(cast("list[MeasuredRun]", []))
        assert {each.pod for each in found} == {"process", "engine"}
