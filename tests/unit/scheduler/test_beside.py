"""A cluster and this machine as one backend: whose pods are whose, and what goes on while the cluster is away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast
from uuid import UUID

import pytest

from running_services.scheduler_world import wanted
from scheduler.backends.beside import BackendsBeside
from scheduler.domain.ports import Backend, Reach
from scheduler.domain.values import REACH_ASKED, UNREACHABLE, MeasuredUsage, Observation, PodObservation, PodsListed
from shared.contracts.deployment import BackendName, Deployment, Resources
from shared.contracts.nodes import Node, NodeState, PoolState
from shared.errors import Unavailable
from shared.ids import new_id
from waiting.eventually import eventually


@dataclass(eq=False)
class StandIn:
    """A backend that does what a test says, and writes down what it was asked for."""

    told: asyncio.Queue[Observation] = field(default_factory=asyncio.Queue)
    applied: list[UUID] = field(default_factory=list)
    deleted: list[UUID] = field(default_factory=list)
    of: set[UUID] = field(default_factory=set)
    wanted_nodes: Sequence[Node] | None = None
    trouble: str | None = None

    def tell(self, pod: str, deployment: Deployment, *, ready: bool = True) -> None:
        self.of.add(deployment.version_id)
        status: Any = "Running" if ready else "Waiting"
        self.told.put_nowait(PodObservation(pod, deployment.version_id, 1, status, ready, 0, 0))

    async def watch(self) -> AsyncIterator[Observation]:
        while True:
            yield await self.told.get()

    async def apply(self, deployment: Deployment) -> None:
        self.applied.append(deployment.version_id)
        self.of.add(deployment.version_id)

    async def delete(self, version_id: UUID) -> None:
        self.deleted.append(version_id)

    def versions(self) -> frozenset[UUID]:
        return frozenset(self.of)

    def set_nodes(self, nodes: Sequence[Node]) -> None:
        self.wanted_nodes = nodes

    def nodes(self) -> list[NodeState] | None:
        if self.trouble or self.wanted_nodes is None:
            return None
        return [NodeState(id=node.id, generation=node.generation, pods=0) for node in self.wanted_nodes]

    def pools(self) -> list[PoolState] | None:
        if self.trouble or self.wanted_nodes is None:
            return None
        shared = PoolState(cpu=4, memory_gb=8)
        return [shared, *(PoolState(group=n.group, node=n.name, cpu=1, memory_gb=1) for n in self.wanted_nodes)]

    def problem(self) -> str | None:
        return self.trouble

    def problem_for(self, resources: Resources) -> str | None:
        return self.trouble

    async def usage(self) -> list[MeasuredUsage]:
        if self.trouble:
            raise Unavailable(self.trouble)
        return [MeasuredUsage("pod", 1.0, 1)]


@dataclass
class Two:
    cluster: StandIn
    machine: StandIn
    both: BackendsBeside
    seen: list[Observation] = field(default_factory=list)

    def pods(self) -> list[str]:
        return [each.pod for each in self.seen if isinstance(each, PodObservation)]


@dataclass
class Answered:
    """Routers that have answered what a test says."""

    said: str | None = None

    def refusal(self, backend: BackendName | None, address: str) -> str | None:
        return self.said


@asynccontextmanager
async def two(default: BackendName = "process", reach: Reach | None = None) -> AsyncIterator[Two]:
    cluster, machine = StandIn(), StandIn()
    found = Two(cluster, machine, BackendsBeside(cast(Backend, cluster), cast(Backend, machine), default, reach))

    async def note() -> None:
        async for each in found.both.watch():
            found.seen.append(each)

    watching = asyncio.create_task(note())
    try:
        yield found
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


def on(backend: BackendName | None, replicas: int = 1, version_id: UUID | None = None) -> Deployment:
    resources = Resources(spec="", cpu=1, memory_gb=1, group="far" if backend else None, backend=backend)
    return wanted(replicas, version_id=version_id or new_id()).model_copy(update={"resources": resources})


def node(name: str, backend: BackendName | None) -> Node:
    return Node(id=new_id(), name=name, group=f"of-{name}", generation=1, cpu=1, memory_gb=1, backend=backend)


async def listed(world: Two, *backends: StandIn) -> None:
    for each in backends:
        each.told.put_nowait(PodsListed(frozenset()))
    await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("default", "named", "is_cluster"),
    [
        ("process", None, False),
        ("process", "kubernetes", True),
        ("process", "docker", False),
        ("kubernetes", None, True),
        ("kubernetes", "process", False),
    ],
)
async def test_a_version_goes_to_what_its_group_names_else_to_the_default(
    default: BackendName, named: BackendName | None, is_cluster: bool
) -> None:
    async with two(default) as world:
        await listed(world, world.cluster, world.machine)
        deployment = on(named)
        await world.both.apply(deployment)
        (there, other) = (world.cluster, world.machine) if is_cluster else (world.machine, world.cluster)
        assert (there.applied, other.applied) == ([deployment.version_id], [])


async def test_a_cluster_that_is_away_from_the_start_holds_up_its_own_versions_alone() -> None:
    async with two() as world:
        world.cluster.trouble = "the cluster is not followed"
        await listed(world, world.machine)
        near, far = on(None), on("kubernetes")
        await world.both.apply(near)
        await world.both.apply(far)
        assert (world.machine.applied, world.cluster.applied) == ([near.version_id], [])
        world.machine.tell("near", near)
        await eventually(lambda: world.pods() == ["near"])
        assert not any(isinstance(each, PodsListed) for each in world.seen)
        world.both.set_nodes([node("here", None), node("there", "kubernetes")])
        assert len(world.both.nodes() or ()) == 1
        assert [pool.node for pool in world.both.pools() or ()] == [None, "here"]
        assert [each.pod for each in await world.both.usage()] == ["pod"]
        assert world.both.problem() == world.both.problem_for(far.resources) == "the cluster is not followed"
        assert world.both.problem_for(near.resources) is None

        world.cluster.trouble = None
        await listed(world, world.cluster)
        # What came since is in the one list: nobody takes it for gone.
        assert [each for each in world.seen if isinstance(each, PodsListed)] == [PodsListed(frozenset({"near"}))]
        await world.both.apply(far)
        assert world.cluster.applied == [far.version_id]


async def test_a_version_that_changes_sides_is_served_by_the_old_pods_until_the_new_ones_answer() -> None:
    async with two() as world:
        await listed(world, world.cluster, world.machine)
        far = on("kubernetes", 2)
        world.machine.tell("old-1", far)
        world.cluster.tell("new-1", far)
        await eventually(lambda: len(world.pods()) == 2)
        await world.both.apply(far)
        assert world.machine.deleted == []
        world.cluster.tell("new-2", far)
        await eventually(lambda: len(world.pods()) == 3)
        await world.both.apply(far)
        assert world.machine.deleted == [far.version_id]
        # And back.
        near = on(None, 1, far.version_id)
        await world.both.apply(near)
        assert world.cluster.deleted == [far.version_id]
        assert world.both.is_of_machine("old-1")
        assert not world.both.is_of_machine("new-1")
        named = {each.pod: each.backend for each in world.seen if isinstance(each, PodObservation)}
        assert named == {"old-1": None, "new-1": "kubernetes", "new-2": "kubernetes"}


async def test_each_has_the_nodes_of_its_groups_and_only_the_default_a_shared_pool() -> None:
    async with two() as world:
        here, there, container = node("here", None), node("there", "kubernetes"), node("box", "docker")
        world.both.set_nodes([here, there, container])
        assert world.machine.wanted_nodes == [here, container]
        assert world.cluster.wanted_nodes == [there]
        assert [pool.node for pool in world.both.pools() or ()] == [None, "here", "box", "there"]


async def test_pods_of_the_cluster_are_ready_once_routers_reach_them_and_old_ones_serve_until_then() -> None:
    routers = Answered(REACH_ASKED)
    async with two(reach=routers) as world:
        await listed(world, world.cluster, world.machine)
        far = on("kubernetes")
        world.machine.tell("old", far)
        world.cluster.tell("new", far)

        def new() -> PodObservation:
            return [each for each in world.seen if isinstance(each, PodObservation) and each.pod == "new"][-1]

        await eventually(lambda: len(world.pods()) == 2)
        asked = new().note
        assert asked is not None
        assert (new().ready, new().status, asked.is_event) == (False, "Running", False)
        routers.said = "routers do not reach it"
        await eventually(lambda: new().reason == UNREACHABLE)
        note = new().note
        assert note is not None
        assert (new().ready, new().status, note.message, note.is_event) == (False, "Waiting", routers.said, True)
        await world.both.apply(far)
        assert world.machine.deleted == []
        routers.said = None
        await eventually(lambda: new().ready)
        await world.both.apply(far)
        assert world.machine.deleted == [far.version_id]
