"""Nodes of resource groups on one machine: what each has room for, and what is left for everybody else."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from uuid import UUID

from scheduler.domain.claims import ResourceClaim
from scheduler.domain.placement import Capacity, ResourcePool
from shared.contracts.deployment import Resources
from shared.contracts.nodes import GpuKind, Node, NodeState, PodAllocation, PoolState

NO_OVERCOMMIT = Capacity(1, 1, 1)


def pools_of(nodes: Collection[Node], room: Capacity, overcommit: Capacity = NO_OVERCOMMIT) -> list[ResourcePool]:
    """The shared pool, and each node as it is: what is reserved for somebody is not given away more than once.

    Args:
        room: what pods of the shared pool may ask for while nothing is reserved.
        overcommit: how many times the machine's cores, memory and devices that is.
    """
    shared = Capacity(
        max(0.0, room.cpu - overcommit.cpu * sum(node.cpu for node in nodes)),
        max(0.0, room.memory_gb - overcommit.memory_gb * sum(node.memory_gb for node in nodes)),
        max(0, room.gpu - overcommit.gpu * sum(node.gpu for node in nodes)),
    )
    return [ResourcePool(shared), *map(_pool, nodes)]


def _pool(node: Node) -> ResourcePool:
    is_open = node.is_schedulable and node.pods == "stay"
    return ResourcePool(Capacity(node.cpu, node.memory_gb, node.gpu), node.group, node.id, is_open)


def has_to_move(node: UUID | None, resources: Resources, nodes: Mapping[UUID, Node]) -> bool:
    """Whether a pod that has its place on `node` has to leave it: the node is emptied, gone, or another group's."""
    if node is None:
        return False
    there = nodes.get(node)
    return there is None or there.pods != "stay" or there.group != resources.group


def pool_states(
    pools: Iterable[ResourcePool], claims: Collection[ResourceClaim], names: Mapping[UUID, str]
) -> list[PoolState]:
    """Each pool, and whose pods hold it or wait for room in it; `names` of the nodes.

    Behind them each group without a node that pods wait in: of no size, and closed.
    """
    known = [
        PoolState(
            group=pool.group,
            node=names[pool.node] if pool.node else None,
            cpu=pool.capacity.cpu,
            memory_gb=pool.capacity.memory_gb,
            gpu=pool.capacity.gpu,
            gpu_kinds=pool.gpu_kinds if pool.capacity.gpu > 0 else (),
            is_open=pool.is_open,
            held=_holds(claim for claim in claims if claim.is_placed and claim.node == pool.node),
            waiting=_holds(claim for claim in claims if not claim.is_placed and claim.resources.group == pool.group),
        )
        for pool in pools
    ]
    waiting = (claim.resources.group for claim in claims if not claim.is_placed)
    without_nodes = {group for group in waiting if group} - {pool.group for pool in known}
    return known + [_without_nodes(group, claims) for group in sorted(without_nodes)]


def _without_nodes(group: str, claims: Iterable[ResourceClaim]) -> PoolState:
    waiting = _holds(claim for claim in claims if not claim.is_placed and claim.resources.group == group)
    return PoolState(group=group, cpu=0, memory_gb=0, is_open=False, waiting=waiting)


def _holds(claims: Iterable[ResourceClaim]) -> tuple[PodAllocation, ...]:
    """What pods ask for, by version and kind of GPU: a version has two while it is updated from one to another."""
    asked: defaultdict[tuple[str, str, str, str], list[Resources]] = defaultdict(list)
    for claim in claims:
        asked[claim.service, claim.name, claim.project or "", claim.resources.gpu_kind or ""].append(claim.resources)
    return tuple(
        PodAllocation(
            project=project or None,
            service=service,
            version=version,
            pods=len(pods),
            cpu=sum(each.cpu for each in pods),
            memory_gb=sum(each.memory_gb for each in pods),
            gpu=sum(each.gpu for each in pods),
            gpu_kind=kind or None,
        )
        for (service, version, project, kind), pods in sorted(asked.items())
    )


def node_states(
    nodes: Iterable[Node],
    claims: Collection[ResourceClaim],
    kinds_of: Callable[[Node], tuple[GpuKind, ...]] = lambda node: (),
) -> list[NodeState]:
    """What the pods on each node ask for; `kinds_of`: what its devices are."""
    return [
        _state(node, [claim.resources for claim in claims if claim.node == node.id], kinds_of(node)) for node in nodes
    ]


def _state(node: Node, there: Collection[Resources], kinds: tuple[GpuKind, ...]) -> NodeState:
    return NodeState(
        id=node.id,
        generation=node.generation,
        pods=len(there),
        cpu=sum(each.cpu for each in there),
        memory_gb=sum(each.memory_gb for each in there),
        gpu=sum(each.gpu for each in there),
        gpu_kinds=kinds,
    )
