"""A resource group whose pods another backend runs than the rest: processes and containers under one scheduler."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import pytest

from running_services.backend_kinds import Containers
from running_services.scheduler_world import QUICK, FakePreparation, World, at_work, wanted
from scheduler.backends.lifecycle.runner import Runner
from scheduler.backends.lifecycle.runner_set import RunnerSet
from scheduler.backends.preparation.port import AddNote, PreparationLog
from scheduler.backends.process.runner import ProcessRunner
from scheduler.domain.ports import Reach
from scheduler.domain.values import REACH_ASKED, UNREACHABLE, LogPosition, PodObservation
from servers.container_engine import missing_engine
from shared.clock import SystemClock
from shared.contracts.deployment import BackendName, Deployment, Resources
from shared.contracts.nodes import Node
from shared.ids import new_id
from waiting.eventually import eventually

BOXES = Node(id=new_id(), name="box", group="boxes", generation=1, cpu=2, memory_gb=4, backend="docker")


@dataclass
class NotedPreparation(FakePreparation):
    """Notes whose pods it prepared."""

    folder: Path
    prepared: list[UUID]

    async def command(self, deployment: Deployment, template: str, log: PreparationLog, add_note: AddNote) -> list[str]:
        self.prepared.append(deployment.version_id)
        return await super().command(deployment, template, log, add_note)


@dataclass
class Installation:
    """Processes by default; `boxes` has its pods run by what is called docker: an engine, or processes in its place."""

    home: Path
    is_real: bool

    def __post_init__(self) -> None:
        self.by_default: list[UUID] = []
        self.by_docker: list[UUID] = []

    def _docker(self) -> Runner:
        preparation = NotedPreparation(self.home, self.by_docker)
        if self.is_real:
            return Containers().runner(self.home, preparation)
        return ProcessRunner(preparation, QUICK, SystemClock())

    @asynccontextmanager
    async def at_work(self, *ready: BackendName, reach: Reach | None = None) -> AsyncIterator[World]:
        processes = ProcessRunner(NotedPreparation(self.home, self.by_default), QUICK, SystemClock())
        runners = RunnerSet({"process": processes, "docker": self._docker()}, "process", ready)
        async with at_work(self.home, runners, QUICK, [BOXES], reach=reach) as world:
            yield world

    def both(self) -> AbstractAsyncContextManager[World]:
        return self.at_work("process", "docker")

    def has_container(self, pod: PodObservation) -> bool:
        return pod.pid is None and Containers().runs(pod) if self.is_real else pod.version_id in self.by_docker


@pytest.fixture(params=[False, pytest.param(True, marks=pytest.mark.engine)], ids=["stand-in", "engine"])
def installation(request: pytest.FixtureRequest, home: Path) -> Installation:
    if request.param and (why := missing_engine()):
        pytest.skip(why)
    return Installation(home, bool(request.param))


def in_boxes(deployment: Deployment) -> Deployment:
    resources = Resources(spec="1C2G", cpu=1, memory_gb=2, group="boxes", backend="docker")
    return deployment.model_copy(update={"resources": resources, "generation": deployment.generation + 1})


def pod_of(world: World, deployment: Deployment) -> PodObservation | None:
    return next((pod for pod in world.ready if pod.version_id == deployment.version_id), None)


async def test_a_group_has_its_own_backend_and_both_are_adopted_as_what_they_are(installation: Installation) -> None:
    plain, boxed = wanted(1), in_boxes(wanted(1)).model_copy(update={"version": "v2"})
    async with installation.both() as world:
        for each in (plain, boxed):
            await world.backend.apply(each)
        await eventually(lambda: len(world.ready) == 2)
        process, container = pod_of(world, plain), pod_of(world, boxed)
        assert process is not None
        assert container is not None
        assert (process.backend, process.node, installation.has_container(process)) == (None, None, False)
        assert (container.backend, container.node, installation.has_container(container)) == ("docker", "box", True)
        assert {each.pod for each in await world.backend.usage()} == {process.pod, container.pod}
        for pod in (process, container):
            lines = [line.text async for line in world.backend.logs(pod.pod, LogPosition())]
            assert f"fake pod {pod.pod}" in lines
        assert [state.pods for state in world.backend.nodes() or ()] == [1]
    async with installation.both() as world:
        await eventually(lambda: len(world.ready) == 2)
        assert {(each.pod, each.run) for each in world.ready} == {(process.pod, 0), (container.pod, 0)}
        for each in (plain, boxed):
            await world.backend.apply(each)
        assert len(world.now) == 2
        assert (len(installation.by_default), len(installation.by_docker)) == (1, 1)
        for each in (plain, boxed):
            await world.backend.delete(each.version_id)
        await eventually(lambda: not world.now)


async def test_a_version_that_moves_into_the_group_rolls_over_to_its_backend(installation: Installation) -> None:
    plain = wanted(1)
    moved = in_boxes(plain)
    async with installation.both() as world:
        await world.backend.apply(plain)
        (old,) = await eventually(lambda: world.ready)

        async def replaced() -> bool:
            await world.backend.apply(moved)
            assert world.ready
            return old.pod not in world.now and pod_of(world, moved) is not None

        await eventually(replaced)
        (new,) = world.ready
        assert (new.backend, new.node, installation.has_container(new)) == ("docker", "box", True)
        await world.backend.delete(moved.version_id)
        await eventually(lambda: not world.now)


async def test_without_the_backend_pods_go_on_and_new_ones_say_what_is_missing(installation: Installation) -> None:
    boxed, more = in_boxes(wanted(1)), in_boxes(wanted(1))
    async with installation.both() as world:
        await world.backend.apply(boxed)
        (pod,) = await eventually(lambda: world.ready)
    async with installation.at_work("process") as world:
        (adopted,) = await eventually(lambda: world.ready)
        assert (adopted.pod, adopted.run) == (pod.pod, 0)
        await world.backend.apply(boxed)
        await world.backend.apply(more.model_copy(update={"version": "v2"}))
        await eventually(lambda: any(each.reason == "BackendMissing" for each in world.now.values()))
        notes = {each.note.message for each in world.seen if each.note and each.note.reason == "BackendMissing"}
        assert notes == {
            "resource group 'boxes' names the backend docker, and this scheduler has process (SCHEDULER_BACKENDS)"
        }
        assert [each.pod for each in world.ready] == [pod.pod]
        for each in (boxed, more):
            await world.backend.delete(each.version_id)
        await eventually(lambda: not world.now)


@dataclass
class Routers:
    """What routers have answered, and for which backends they were asked."""

    said: str | None = REACH_ASKED
    asked: set[tuple[BackendName | None, str]] = field(default_factory=set)

    def refusal(self, backend: BackendName | None, address: str) -> str | None:
        self.asked.add((backend, address))
        return None if backend is None else self.said


async def test_a_pod_that_routers_do_not_reach_is_not_ready_and_replaces_none(installation: Installation) -> None:
    plain, routers = wanted(1), Routers()
    moved = in_boxes(plain)
    async with installation.at_work("process", "docker", reach=routers) as world:
        await world.backend.apply(plain)
        (old,) = await eventually(lambda: world.ready)
        await world.backend.apply(moved)
        await eventually(lambda: any(backend == "docker" for backend, _ in routers.asked))
        routers.said = "routers do not reach it"
        (new,) = await eventually(lambda: [each for each in world.now.values() if each.reason == UNREACHABLE])
        assert (new.ready, new.status, new.note and new.note.message) == (False, "Waiting", routers.said)
        notes = [each.note.message for each in world.seen if each.note and each.note.is_event]
        assert REACH_ASKED not in notes
        await world.backend.apply(moved)
        assert [each.pod for each in world.ready] == [old.pod]

        routers.said = None

        async def replaced() -> bool:
            await world.backend.apply(moved)
            return old.pod not in world.now and len(world.ready) == 1

        await eventually(replaced)
        assert world.ready[0].pod == new.pod
    # A run that was ready once is not asked for again: a new scheduler takes no callers from it.
    routers.said = "routers do not reach it"
    async with installation.at_work("process", "docker", reach=routers) as world:
        await eventually(lambda: world.ready)
        await world.backend.apply(moved)
        assert not any(each.reason == UNREACHABLE for each in world.seen)
        await world.backend.delete(moved.version_id)
        await eventually(lambda: not world.now)
