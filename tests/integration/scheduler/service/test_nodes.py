"""Nodes of resource groups: their pods run there alone, and leave without a moment in which nobody answers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from running_services.scheduler_service import Controller, controlling, holds, scheduling, settings_for
from running_services.scheduler_world import QUICK, World, running, wanted
from scheduler.domain.placement import Capacity
from scheduler.domain.values import CAPACITY
from servers.nats_process import NatsProcess
from shared.contracts.deployment import Deployment
from shared.contracts.nodes import Node
from shared.events import NodeAdded, NodeReleased, NodeUpdated, PodScheduled, RunStarted
from shared.ids import new_id
from waiting.eventually import eventually

MACHINE = replace(QUICK, capacity=Capacity(8, 16))


def node(name: str, cpu: float = 1, memory_gb: float = 2, group: str = "risk") -> Node:
    return Node(id=new_id(), name=name, group=group, generation=1, cpu=cpu, memory_gb=memory_gb)


def in_group(deployment: Deployment, group: str = "risk") -> Deployment:
    resources = deployment.resources.model_copy(update={"group": group})
    return deployment.model_copy(update={"resources": resources})


def changed(known: Node, **how: object) -> Node:
    return known.model_copy(update={"generation": known.generation + 1} | how)


def ready_on(world: World) -> list[str]:
    return sorted(str(each.node) for each in world.ready)


def states(world: World) -> dict[UUID, tuple[int, int, float]]:
    """Node → generation, pods, cores that they ask for."""
    return {each.id: (each.generation, each.pods, each.cpu) for each in world.backend.nodes() or ()}


async def test_a_drained_node_is_left_pod_by_pod(home: Path) -> None:
    a, b, deployment = node("a", 2, 4), node("b"), in_group(wanted(2))
    async with running(home, MACHINE, nodes=[a]) as world:
        await world.backend.apply(deployment)
        await eventually(lambda: ready_on(world) == ["a", "a"])
        draining = changed(a, pods="move")
        world.backend.set_nodes([draining, b])

        async def is_as_far_as_it_goes() -> bool:
            await world.backend.apply(deployment)
            waiting = [each for each in world.now.values() if each.reason == CAPACITY]
            return ready_on(world) == ["a", "b"] and len(waiting) == 1

        seen = len(world.seen)
        await eventually(is_as_far_as_it_goes)  # b has room for one: the other one stays where it answers
        await eventually(lambda: states(world)[a.id] == (2, 1, 1))
        c = node("c")
        world.backend.set_nodes([draining, b, c])

        async def is_empty() -> bool:
            await world.backend.apply(deployment)
            return ready_on(world) == ["b", "c"] and states(world)[a.id] == (2, 0, 0)

        await eventually(is_empty)
        assert never_fewer_ready_than(2, world, seen)


def never_fewer_ready_than(count: int, world: World, after: int) -> bool:
    """Whether, from the observation `after` on, at least so many pods were ready and not asked to end."""
    ready: set[str] = set()
    for number, each in enumerate(world.seen):
        is_serving = each.ready and each.status == "Running" and not each.is_gone
        (ready.add if is_serving else ready.discard)(each.pod)
        if number >= after and len(ready) < count:
            return False
    return True


async def test_a_node_that_is_emptied_at_once_loses_its_pods(home: Path) -> None:
    a, b, deployment = node("a"), node("b"), in_group(wanted(1))
    async with running(home, MACHINE, nodes=[a]) as world:
        await world.backend.apply(deployment)
        (pod,) = await eventually(lambda: world.ready)
        world.backend.set_nodes([changed(a, pods="end"), b])

        async def has_moved() -> bool:
            await world.backend.apply(deployment)
            return pod.pod not in world.now and ready_on(world) == ["b"]

        await eventually(has_moved)


async def test_isolated_and_over_a_restart_pods_stay_where_they_are(home: Path) -> None:
    a, deployment = node("a", 2, 4), in_group(wanted(1))
    async with running(home, MACHINE, nodes=[a]) as world:
        await world.backend.apply(deployment)
        (pod,) = await eventually(lambda: world.ready)
    isolated = changed(a, is_schedulable=False)
    two = deployment.model_copy(update={"desired_replicas": 2, "generation": 2})
    async with running(home, MACHINE, nodes=[isolated]) as world:
        await world.backend.apply(two)
        await eventually(lambda: CAPACITY in {each.reason for each in world.now.values()})
        assert [(each.pod, each.node) for each in world.ready] == [(pod.pod, "a")]
        (note,) = [each.note for each in world.seen if each.note and each.note.reason == CAPACITY]
        assert note.message == "asks for 1 core, 2 GiB; no node of resource group risk takes pods"
        world.backend.set_nodes([changed(isolated, is_schedulable=True)])
        await eventually(lambda: ready_on(world) == ["a", "a"])


async def test_what_a_node_reserves_is_not_for_the_shared_pool(home: Path) -> None:
    async with running(home, replace(QUICK, capacity=Capacity(2, 4)), nodes=[node("a")]) as world:
        await world.backend.apply(wanted(2))
        await eventually(lambda: world.ready and CAPACITY in {each.reason for each in world.now.values()})
        assert len(world.ready) == 1
        world.backend.set_nodes([])
        await eventually(lambda: len(world.ready) == 2)


async def test_nothing_is_placed_before_the_nodes_are_known(home: Path) -> None:
    async with running(home, MACHINE, nodes=None) as world:
        await world.backend.apply(wanted(1))
        assert world.backend.nodes() is None
        assert not [each for each in world.seen if each.is_placed]
        world.backend.set_nodes([])
        await eventually(lambda: world.ready)


@pytest.mark.usefixtures("each_store")
async def test_the_scheduler_hears_of_nodes_and_says_what_is_on_them(home: Path, nats_server: NatsProcess) -> None:
    a, deployment = node("a"), in_group(wanted(1))
    settings = settings_for(home, nats_server.url, cpu=4, memory_gb=8, node="here")
    async with controlling(nats_server) as controller, scheduling(settings):

        async def is_known(known: Node, pods: int) -> bool:
            states = await controller.node_states()
            found = [(each.id, each.generation, each.pods) for each in states.items] if states else None
            return found == [(known.id, known.generation, pods)]

        controller.nodes[a.id] = a
        controller.want(deployment)
        await holds(lambda: is_known(a, 1))
        states = await controller.node_states()
        assert states is not None
        assert (states.machine.name, states.machine.cpu, states.machine.memory_gb) == ("here", 4, 8)
        await holds(lambda: on_node(controller, deployment, "a"))
        assert [fact.node for fact in controller.said(PodScheduled)] == ["a"]
        await eventually(lambda: [(run.node, run.group) for run in controller.said(RunStarted)] == [("a", "risk")])

        b = node("b")
        controller.nodes[b.id] = b
        await controller.say(NodeAdded(node=b))
        controller.nodes[a.id] = draining = changed(a, pods="move", is_schedulable=False)
        await controller.say(NodeUpdated(node=draining, reason="draining"))
        await controller.say(NodeUpdated(node=a, reason="resumed"))  # late: an older generation changes nothing
        await holds(lambda: on_node(controller, deployment, "b"))
        del controller.nodes[a.id]
        await controller.say(NodeReleased(node=draining))
        await holds(lambda: is_known(b, 1))


async def on_node(controller: Controller, deployment: Deployment, name: str) -> bool:
    pods = await controller.pods(deployment)
    return [(pod.node, pod.ready) for pod in pods] == [(name, True)]


@pytest.mark.usefixtures("each_store")
async def test_a_node_that_the_list_lacks_twice_is_gone(home: Path, nats_server: NatsProcess) -> None:
    a, b = node("a"), node("b")
    settings = settings_for(home, nats_server.url, resync_interval="PT0.2S")
    async with controlling(nats_server) as controller, scheduling(settings):

        async def are_known(*names: Node) -> bool:
            states = await controller.node_states()
            return states is not None and {each.id for each in states.items} == {each.id for each in names}

        controller.nodes |= {a.id: a, b.id: b}
        await holds(lambda: are_known(a, b))
        del controller.nodes[a.id]
        await holds(lambda: are_known(b))
