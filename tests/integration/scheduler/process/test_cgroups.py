"""The kernel keeps pods to what they asked for, where this process may make control groups."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from running_services.scheduler_world import QUICK, World, running, wanted
from scheduler.backends.process.cgroups import ControlGroups, ControlGroupsUnavailable, find_control_groups
from scheduler.backends.process.options import PodOptions
from scheduler.backends.process.reap import reap
from shared.contracts.deployment import Deployment
from waiting.eventually import eventually


@pytest.fixture
def limits(home: Path) -> Iterator[ControlGroups]:
    try:
        found = find_control_groups(home)
    except ControlGroupsUnavailable as why:
        pytest.skip(f"no control groups here: {why}")
    yield found
    found.close()


def sized(cpu: float = 1, memory_gb: float = 0.0625) -> Deployment:
    deployment = wanted(1)
    resources = deployment.resources.model_copy(update={"cpu": cpu, "memory_gb": memory_gb})
    return deployment.model_copy(update={"resources": resources})


def options(limits: ControlGroups) -> PodOptions:
    return replace(QUICK, control_groups=limits)


def groups(limits: ControlGroups) -> set[str]:
    """Groups of runs that are there."""
    return {group.name for folder in limits.folders.values() for group in folder.iterdir() if group.is_dir()}


async def gone(world: World) -> bool:
    return not world.now


async def test_a_pod_that_takes_too_much_is_ended_and_says_why(home: Path, limits: ControlGroups) -> None:
    (home / "eat").write_text("100")
    async with running(home, options(limits)) as world:
        await world.backend.apply(sized())
        ended = await eventually(lambda: [each for each in world.seen if each.end])
        end = ended[0].end
        assert end is not None
        assert (end.signal, end.reason, end.message) == (
            9,
            "OutOfMemory",
            "killed by the kernel at its limit of 0.0625 GiB",
        )
        assert ended[0].last_exit == "OutOfMemory: killed by the kernel at its limit of 0.0625 GiB"
        (home / "eat").unlink()
        (pod,) = await eventually(lambda: world.ready)
        assert (pod.is_limited, pod.restarts > 0) == (True, True)
        await eventually(lambda: groups(limits) == {f"{pod.pod}.{pod.run}"})


async def test_a_pod_gets_no_more_than_its_cores(home: Path, limits: ControlGroups) -> None:
    (home / "burn").touch()
    async with running(home, options(limits)) as world:
        await world.backend.apply(sized(cpu=0.2))
        (pod,) = await eventually(lambda: world.ready)
        folder = limits.folders.get("cpu") or limits.folders[""]
        group = folder / f"{pod.pod}.{pod.run}"

        def throttled() -> bool:
            counts = dict(line.split() for line in (group / "cpu.stat").read_text().splitlines())
            return int(counts["nr_throttled"]) >= 5

        await eventually(throttled)
        await world.backend.usage()
        begun = time.monotonic()
        await eventually(lambda: time.monotonic() - begun > 1)
        (used,) = await world.backend.usage()
        assert used.cpu_cores < 0.4


async def test_groups_outlive_a_scheduler_and_not_their_runs(home: Path, limits: ControlGroups) -> None:
    deployment = sized()
    async with running(home, options(limits)) as world:
        await world.backend.apply(deployment)
        (pod,) = await eventually(lambda: world.ready)
    (next(iter(limits.folders.values())) / "of-a-run-that-is-over.0").mkdir()
    async with running(home, options(limits)) as world:
        await eventually(lambda: [each.pod for each in world.ready] == [pod.pod])
        assert groups(limits) == {f"{pod.pod}.0"}
        assert world.ready[0].is_limited
        await world.backend.delete(deployment.version_id)
        await eventually(lambda: gone(world))
        await eventually(lambda: groups(limits) == set())
    limits.close()
    assert not any(folder.exists() for folder in limits.folders.values())


async def test_ending_every_pod_leaves_no_group(home: Path, limits: ControlGroups) -> None:
    async with running(home, options(limits)) as world:
        await world.backend.apply(sized())
        await eventually(lambda: world.ready)
    assert reap(home) == 1
    assert not any(folder.exists() for folder in limits.folders.values())


async def test_without_limits_nothing_is_enforced_and_said_to_be(home: Path) -> None:
    (home / "eat").write_text("100")
    async with running(home, QUICK) as world:
        await world.backend.apply(sized())
        (pod,) = await eventually(lambda: world.ready)
        assert not pod.is_limited
