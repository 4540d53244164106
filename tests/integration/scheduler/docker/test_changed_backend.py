"""An installation that changes from processes to containers, and back: what runs goes on until it is replaced."""

from __future__ import annotations

from pathlib import Path

import pytest

from running_services.backend_kinds import Containers
from running_services.scheduler_world import QUICK, FakePreparation, World, at_work, running, wanted
from scheduler.backends.docker.runner import DockerRunner
from scheduler.backends.lifecycle.runner_set import RunnerSet
from scheduler.backends.process.runner import ProcessRunner
from servers.container_engine import missing_engine
from shared.clock import SystemClock
from shared.contracts.deployment import BackendName, Deployment
from waiting.eventually import eventually

pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(missing_engine() is not None, reason=missing_engine() or ""),
]


def runners(default: BackendName, containers: DockerRunner, processes: ProcessRunner) -> RunnerSet:
    """As an installation has them that uses one, and has pods of the other."""
    return RunnerSet({"process": processes, "docker": containers}, default, {default})


async def replaced(world: World, changed: Deployment, old: str) -> bool:
    await world.backend.apply(changed)
    return old not in world.now and len(world.ready) == 1


async def test_pods_are_replaced_one_by_one_by_those_of_the_other_kind(home: Path) -> None:
    first = wanted(1)
    second = wanted(1, generation=2, model_version="2", version_id=first.version_id)
    third = wanted(1, generation=3, model_version="3", version_id=first.version_id)
    async with running(home) as world:
        await world.backend.apply(first)
        (process,) = await eventually(lambda: world.ready)
    processes = ProcessRunner(FakePreparation(home), QUICK, SystemClock())
    async with at_work(home, runners("docker", Containers().runner(home), processes), QUICK) as world:
        (adopted,) = await eventually(lambda: world.ready)
        assert (adopted.pod, adopted.pid, adopted.run) == (process.pod, process.pid, 0)
        await eventually(lambda: replaced(world, second, process.pod))
        (container,) = world.ready
        assert (container.pid, Containers().runs(container)) == (None, True)
        assert {each.pod for each in await world.backend.usage()} == {container.pod}
    async with at_work(home, runners("process", Containers().runner(home), processes), QUICK) as world:
        (again,) = await eventually(lambda: world.ready)
        assert (again.pod, again.run) == (container.pod, 0)
        await eventually(lambda: replaced(world, third, container.pod))
        assert world.ready[0].pid is not None
        assert not Containers().runs(container)
