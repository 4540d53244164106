"""Processes and GPUs: each has its devices to itself, over restarts and under a new scheduler; no GPU is needed."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from running_services.scheduler_world import QUICK, World, running, wanted
from scheduler.backends.gpus.devices import find_gpus
from scheduler.domain.gpus import Gpu
from scheduler.domain.values import PodObservation
from servers.gpu_driver import FakeDriver, FakeGpu
from shared.contracts.deployment import Deployment
from waiting.eventually import eventually

A, B = Gpu("GPU-a", "0", "NVIDIA H200", minor=0), Gpu("GPU-b", "1", "NVIDIA H200", minor=1)
ONE, TWO = replace(QUICK, gpus=(A,)), replace(QUICK, gpus=(A, B))
STUCK = "SCHEDULER_GPU_ROLLOUT=free-first ends the pod that it replaces first, for its GPU"


TWO_KINDS = FakeDriver(FakeGpu("GPU-a", "NVIDIA H200"), FakeGpu("GPU-b", "NVIDIA A10", minor=1))


def asking(gpu: int, replicas: int = 1, kind: str | None = None) -> Deployment:
    deployment = wanted(replicas)
    resources = deployment.resources.model_copy(update={"gpu": gpu, "gpu_kind": kind})
    return deployment.model_copy(update={"resources": resources})


def visible(pod: PodObservation) -> str | None:
    """What CUDA in a pod's process may see."""
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(pod.pid).environ().get("CUDA_VISIBLE_DEVICES")
    return "gone"


def seen(world: World) -> list[str]:
    return sorted(str(visible(pod)) for pod in world.ready)


async def ended(world: World, *deployments: Deployment) -> None:
    for each in deployments:
        await world.backend.delete(each.version_id)
    await eventually(lambda: not world.now)


def reason(world: World, deployment: Deployment) -> str:
    """What a waiting pod of a version was told; empty where none waits."""
    found = [o.pod for o in world.now.values() if o.version_id == deployment.version_id and o.reason == "Capacity"]
    return world.backend.waiting_reasons().get(found[0], "") if found else ""


async def test_no_device_has_two_pods_and_one_without_sees_none(tmp_path: Path) -> None:
    pair, third, plain = asking(1, 2), asking(1), asking(0)
    async with running(tmp_path, TWO) as world:
        for each in (pair, plain):
            await world.backend.apply(each)
        await eventually(lambda: seen(world) == ["", "GPU-a", "GPU-b"])
        await world.backend.apply(third)
        why = await eventually(lambda: reason(world, third))
        assert why.endswith("no GPU; held by wine/v1 (3 cores, 6 GiB, 2 GPU)")
        (killed,) = (pod for pod in world.ready if visible(pod) == "GPU-b")
        psutil.Process(killed.pid).kill()
        await eventually(lambda: [visible(pod) for pod in world.ready if pod.run == 1] == ["GPU-b"])

    async with running(tmp_path, TWO) as world:
        for each in (pair, third, plain):
            await world.backend.apply(each)
        await eventually(lambda: seen(world) == ["", "GPU-a", "GPU-b"] and reason(world, third))
        await world.backend.apply(pair.model_copy(update={"desired_replicas": 1, "generation": 2}))
        await eventually(lambda: [visible(pod) for pod in world.ready if pod.version_id == third.version_id])
        assert seen(world) == ["", "GPU-a", "GPU-b"]
        await ended(world, pair, third, plain)


async def test_a_pod_gets_the_kind_that_it_asks_for(tmp_path: Path) -> None:
    options = replace(QUICK, gpus=find_gpus(TWO_KINDS))
    big, second, other, absent = (asking(1, kind=kind) for kind in ("h200", "H200", None, "H100"))
    async with running(tmp_path, options) as world:
        for each in (big, absent, other, second):
            await world.backend.apply(each)
        await eventually(lambda: len(world.ready) == 2)
        devices = {pod.version_id: visible(pod) for pod in world.ready}
        assert devices == {big.version_id: "GPU-a", other.version_id: "GPU-b"}
        assert reason(world, absent).startswith("no node has a GPU H100, only 1 NVIDIA H200, 1 NVIDIA A10: ask")
        assert "1 GPU H200; free are" in reason(world, second)
        assert ", no GPU H200; held by wine/v1 (" in reason(world, second)
        pools = world.backend.pools()
        assert pools is not None
        assert [(each.kind, each.gpu, each.free) for each in pools[0].gpu_kinds] == [
            ("NVIDIA H200", 1, 0),
            ("NVIDIA A10", 1, 0),
        ]

    async with running(tmp_path, options) as world:
        for each in (big, second, other):
            await world.backend.apply(each)
        await world.backend.delete(absent.version_id)
        await eventually(lambda: len(world.ready) == 2 and reason(world, second))
        await world.backend.delete(other.version_id)
        await eventually(lambda: [pod.version_id for pod in world.ready] == [big.version_id])
        assert reason(world, second), "the A10 is free, and not what it asks for"
        await world.backend.delete(big.version_id)
        await eventually(
            lambda: [(pod.version_id, visible(pod)) for pod in world.ready] == [(second.version_id, "GPU-a")]
        )
        await ended(world, second)


async def test_an_update_waits_for_a_gpu_or_takes_that_of_the_old_pod(tmp_path: Path) -> None:
    old = asking(1)
    new = old.model_copy(update={"generation": 2, "env": {"A": "1"}})
    async with running(tmp_path, ONE) as world:
        await world.backend.apply(old)
        (before,) = await eventually(lambda: world.ready)
        await world.backend.apply(new)
        why = await eventually(lambda: reason(world, new))
        assert why.endswith(f"no GPU beside its version's own pods; {STUCK}")
        await world.backend.apply(new)
        assert world.ready[0].pod == before.pod

    async with running(tmp_path, replace(ONE, gpu_rollout="free-first")) as world:
        whys: set[str] = set()

        async def is_updated() -> bool:
            await world.backend.apply(new)
            whys.update(world.backend.waiting_reasons().values())
            return bool(world.ready) and world.ready[0].pod != before.pod

        await eventually(is_updated)
        assert whys == {f"waits for 1 GPU of pod {before.pod}, which it replaces"}
        assert seen(world) == ["GPU-a"]
        told = [o.note.message for o in world.seen if o.note and o.pod == world.ready[0].pod]
        assert any("has started with NVIDIA H200 (GPU-a); it loads" in each for each in told)
        assert f"waits for 1 GPU of pod {before.pod}, which it replaces" in told
        await ended(world, new)


async def test_an_update_takes_one_gpu_at_a_time(tmp_path: Path) -> None:
    """Of two pods one answers at every moment."""
    old = asking(1, 2)
    new = old.model_copy(update={"generation": 2, "env": {"A": "1"}})
    async with running(tmp_path, replace(TWO, gpu_rollout="free-first")) as world:
        await world.backend.apply(old)
        await eventually(lambda: len(world.ready) == 2)
        before = {pod.pod for pod in world.ready}

        async def is_updated() -> bool:
            await world.backend.apply(new)
            assert world.ready
            return len(world.ready) == 2 and not before & {pod.pod for pod in world.ready}

        await eventually(is_updated)
        assert seen(world) == ["GPU-a", "GPU-b"]
        await ended(world, new)


async def test_an_update_goes_on_where_more_pods_are_wanted_than_there_are_gpus(tmp_path: Path) -> None:
    old = asking(1)
    new = old.model_copy(update={"generation": 2, "env": {"A": "1"}, "desired_replicas": 2})
    async with running(tmp_path, replace(ONE, gpu_rollout="free-first")) as world:
        await world.backend.apply(old)
        (before,) = await eventually(lambda: world.ready)

        async def is_updated() -> bool:
            await world.backend.apply(new)
            return [pod.pod for pod in world.ready] not in ([], [before.pod])

        await eventually(is_updated)
        assert seen(world) == ["GPU-a"]
        assert "no GPU" in reason(world, new)
        await ended(world, new)


async def test_a_pod_whose_device_is_gone_is_replaced(tmp_path: Path) -> None:
    deployment = asking(1)
    async with running(tmp_path, ONE) as world:
        await world.backend.apply(deployment)
        (before,) = await eventually(lambda: world.ready)

    async with running(tmp_path, replace(QUICK, gpus=(B, Gpu("GPU-c", "2")))) as world:

        async def is_replaced() -> bool:
            await world.backend.apply(deployment)
            return [pod.pod for pod in world.ready] not in ([], [before.pod]) and seen(world) == ["GPU-b"]

        await eventually(is_replaced)
        assert before.pod not in [pod.pod for pod in world.ready]
        await ended(world, deployment)


@pytest.mark.parametrize("gpu", [0, 1])
async def test_a_variable_of_the_version_opens_no_other_device(tmp_path: Path, gpu: int) -> None:
    deployment = asking(gpu).model_copy(update={"env": {"CUDA_VISIBLE_DEVICES": "0,1"}})
    async with running(tmp_path, TWO) as world:
        await world.backend.apply(deployment)
        assert await eventually(lambda: seen(world)) == ["GPU-a" if gpu else ""]
        await ended(world, deployment)
