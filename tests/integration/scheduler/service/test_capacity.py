"""A pod that does not fit waits, visibly, and begins when there is room."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from running_services.scheduler_service import Controller, controlling, holds, scheduling, settings_for
from running_services.scheduler_world import QUICK, FakePreparation, running, wanted
from scheduler.domain.placement import Capacity
from scheduler.domain.values import CAPACITY
from servers.nats_process import NatsProcess
from shared.contracts.deployment import Deployment
from shared.events import PodNoted, VersionFailed
from waiting.eventually import eventually

ONE = replace(QUICK, capacity=Capacity(1, 2))


async def test_the_second_version_waits_for_the_first(home: Path) -> None:
    first, second = wanted(1), wanted(1)
    async with running(home, ONE) as world:
        await world.backend.apply(first)
        await eventually(lambda: world.ready)
        await world.backend.apply(second)
        (waiting,) = await eventually(lambda: [o for o in world.now.values() if o.version_id == second.version_id])
        assert (waiting.status, waiting.reason, waiting.pid) == ("Waiting", CAPACITY, None)
        notes = [o.note for o in world.seen if o.note and o.note.reason == CAPACITY]
        held = f"held by {first.service}/{first.version} (1 core, 2 GiB)"
        assert [note.message for note in notes] == [f"asks for 1 core, 2 GiB; free are 0 cores, 0 GiB; {held}"]
        assert world.backend.waiting_reasons() == {waiting.pod: notes[0].message}
        pools = world.backend.pools()
        assert pools is not None
        (shared,) = pools
        assert (shared.group, shared.cpu, shared.memory_gb) == (None, 1, 2)
        assert [(hold.service, hold.version, hold.pods, hold.cpu) for hold in shared.held] == [
            (first.service, first.version, 1, 1)
        ]
        assert [(hold.version, hold.pods) for hold in shared.waiting] == [(second.version, 1)]
        await world.backend.delete(first.version_id)
        await eventually(lambda: {o.version_id for o in world.ready} == {second.version_id})


@pytest.mark.parametrize("replicas", [1, 3])
async def test_an_update_goes_on_where_the_machine_is_full(home: Path, replicas: int) -> None:
    deployment = wanted(replicas)
    ids = {"version_id": deployment.version_id, "service_id": deployment.service_id}
    newer = wanted(replicas, generation=2, model_version="2", **ids)
    async with running(home, replace(QUICK, capacity=Capacity(replicas, 2 * replicas))) as world:
        await world.backend.apply(deployment)
        await eventually(lambda: len(world.ready) == replicas)

        async def is_replaced() -> bool:
            await world.backend.apply(newer)
            return [o.generation for o in world.now.values()] == [2] * replicas == [o.generation for o in world.ready]

        await eventually(is_replaced)


async def test_an_update_of_two_goes_on_though_nobody_looks_while_the_first_old_one_drains(home: Path) -> None:
    """A place that was taken from a pod which is gone meanwhile is no place of the one that is left."""
    deployment = wanted(2)
    ids = {"version_id": deployment.version_id, "service_id": deployment.service_id}
    newer = wanted(2, generation=2, model_version="2", **ids)
    async with running(home, replace(QUICK, capacity=Capacity(2, 4))) as world:
        await world.backend.apply(deployment)
        await eventually(lambda: len(world.ready) == 2)
        await world.backend.apply(newer)
        await eventually(lambda: sorted(o.generation for o in world.ready) == [1, 1, 2])
        await world.backend.apply(newer)
        await eventually(lambda: sorted(o.generation for o in world.now.values()) == [1, 2])

        async def is_replaced() -> bool:
            await world.backend.apply(newer)
            return [o.generation for o in world.now.values() if o.ready] == [2, 2]

        await eventually(is_replaced)


async def test_pods_that_were_placed_keep_their_place_over_a_restart(home: Path) -> None:
    first, second = wanted(1), wanted(1)
    async with running(home, ONE) as world:
        await world.backend.apply(first)
        (pod,) = await eventually(lambda: world.ready)
    async with running(home, ONE) as world:
        await world.backend.apply(second)
        await world.backend.apply(first)
        await eventually(lambda: [o.pod for o in world.ready] == [pod.pod])
        assert [o.reason for o in world.now.values() if o.version_id == second.version_id] == [CAPACITY]
        await world.backend.delete(second.version_id)
        await eventually(lambda: [o.pod for o in world.now.values()] == [pod.pod])
        await world.backend.delete(first.version_id)
        await eventually(lambda: not world.now)


async def test_a_version_that_waits_says_so_and_does_not_fail_by_the_clock(
    home: Path, nats_server: NatsProcess
) -> None:
    first, second = wanted(1), wanted(1)
    settings = settings_for(
        home, nats_server.url, cpu=1, cpu_overcommit=1, memory_gb=2, memory_overcommit=1, never_ready_timeout="PT5S"
    )
    async with controlling(nats_server) as controller, scheduling(settings, FakePreparation(home)):
        controller.want(first)
        await eventually_phase(controller, first, "running")
        controller.want(second)

        async def has_waited() -> bool:
            state = await controller.state(second)
            return state is not None and state.reason == "Waiting" and (state.message or "").startswith("capacity")

        await holds(has_waited)
        (pod,) = await controller.pods(second)
        assert (pod.status, pod.reason, pod.ready) == ("Waiting", CAPACITY, False)
        now = asyncio.get_running_loop().time
        over = now() + 5.5  # its ten minutes, here five seconds
        await eventually(lambda: now() > over)
        assert await has_waited()
        assert not controller.said(VersionFailed)
        assert [note.reason for note in controller.said(PodNoted) if note.reason == CAPACITY] == [CAPACITY]
        controller.want(first.model_copy(update={"desired_replicas": 0, "generation": 2}))
        await eventually_phase(controller, second, "running")


async def eventually_phase(controller: Controller, deployment: Deployment, phase: str) -> None:
    async def is_so() -> bool:
        return await controller.phase(deployment) == phase

    await holds(is_so)
