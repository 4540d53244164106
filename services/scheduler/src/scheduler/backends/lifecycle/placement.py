"""Where pods and jobs of one machine have their place: in the shared pool, or on nodes of resource groups.

What has a place stands in the records of pods and jobs; nodes are those that `set_nodes` named last.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from scheduler.backends.lifecycle.folders.pod_folder import PodRecord
from scheduler.backends.lifecycle.given_gpus import has_lost_gpus, store_gpus
from scheduler.backends.lifecycle.jobs import JobRoom
from scheduler.backends.lifecycle.options import LifecycleOptions
from scheduler.backends.lifecycle.pod import PodLifecycle
from scheduler.domain.claims import ResourceClaim
from scheduler.domain.gpus import GpuLedger
from scheduler.domain.nodes import has_to_move, node_states, pool_states, pools_of
from scheduler.domain.placement import ResourcePool, pair_replacements, place_pods
from shared.contracts.nodes import GpuKind, Node, NodeState, PoolState


class PodPlacement:
    """Gives pods and jobs that wait their room, and says who has which.

    Args:
        pods: those of the machine by name, as they come and go.
    """

    def __init__(self, pods: Mapping[str, PodLifecycle], jobs: JobRoom | None, options: LifecycleOptions) -> None:
        self._pods = pods
        self._jobs = jobs
        self._options = options
        self._nodes: dict[UUID, Node] | None = None
        self.waiting_reasons: Mapping[str, str] = {}
        """Pods and jobs that have no room, and why."""

    def set_nodes(self, nodes: Sequence[Node]) -> bool:
        """Place by these nodes from now on; whether they are others than before."""
        known, self._nodes = self._nodes, {node.id: node for node in nodes}
        return self._nodes != known

    def nodes(self) -> list[NodeState] | None:
        """What the pods on each node ask for; None while no nodes are known."""
        if self._nodes is None:
            return None
        claims = self._claims()
        kinds = GpuLedger(self._options.gpus, claims).kinds()

        def kinds_of(node: Node) -> tuple[GpuKind, ...]:
            return kinds if node.gpu else ()

        return node_states(self._nodes.values(), claims, kinds_of)

    def pools(self) -> list[PoolState] | None:
        """The room that there is, and who holds it; None while no nodes are known."""
        if self._nodes is None:
            return None
        names = {node.id: node.name for node in self._nodes.values()}
        claims = self._claims()
        kinds = GpuLedger(self._options.gpus, claims).kinds()
        return pool_states([replace(pool, gpu_kinds=kinds) for pool in self._pools(self._nodes)], claims, names)

    def is_evicted(self, record: PodRecord) -> bool:
        """Whether the pod is to end at once, without another in its place: its node is given back."""
        node = (self._nodes or {}).get(record.node) if record.node else None
        return node is not None and node.pods == "end" and not record.is_terminating

    def has_to_leave(self, record: PodRecord) -> bool:
        """Whether another pod is to take over, elsewhere: it has lost its node, or a GPU."""
        if has_lost_gpus(record, self._options.gpus):
            return True
        return self._nodes is not None and has_to_move(record.node, record.deployment.resources, self._nodes)

    def place_waiting(self) -> None:
        """Start waiting pods and jobs where there is room; the others say what they wait for.

        Nothing is placed while no nodes are known, or not yet which jobs of an earlier scheduler have room.
        """
        if self._nodes is None or (self._jobs and not self._jobs.is_adopted):
            return
        self._store_gpus(GpuLedger(self._options.gpus, self._claims()).due)
        frees_gpus = self._options.gpu_rollout == "free-first"
        placement = place_pods(self._claims(), self._pools(self._nodes), self._options.gpus, frees_gpus=frees_gpus)
        self.waiting_reasons = placement.waiting
        for name, node in placement.placed.items():
            there = self._nodes[node] if node else None
            if self._jobs is None or not self._jobs.place(name, there):
                self._pods[name].assign_node(there, placement.took.get(name))
        for name, why in placement.waiting.items():
            if self._jobs is None or not self._jobs.report_no_capacity(name, why):
                self._pods[name].report_no_capacity(why)
        self._store_gpus(placement.gpus)

    def _store_gpus(self, given: Mapping[str, tuple[str, ...]]) -> None:
        of_pods = [pod.folder for pod in self._pods.values()]
        store_gpus(of_pods if self._jobs is None else [*of_pods, *self._jobs.folders()], given)

    def _pools(self, nodes: Mapping[UUID, Node]) -> list[ResourcePool]:
        room = replace(self._options.capacity, gpu=len(self._options.gpus))
        return pools_of(nodes.values(), room, self._options.overcommit)

    def _claims(self) -> list[ResourceClaim]:
        claims: list[ResourceClaim] = self._jobs.claims() if self._jobs else []
        of_versions: defaultdict[UUID, list[PodRecord]] = defaultdict(list)
        for pod in self._pods.values():
            of_versions[pod.record.deployment.version_id].append(pod.record)
        for records in of_versions.values():
            templates = {each.name: each.template for each in records}
            claims += pair_replacements([_claim(each) for each in records], templates)
        return claims


def _claim(record: PodRecord) -> ResourceClaim:
    return ResourceClaim(
        record.name,
        record.deployment.resources,
        record.created_at,
        is_placed=record.is_placed,
        node=record.node,
        version=record.deployment.version_id,
        service=record.deployment.service,
        name=record.deployment.version,
        project=record.deployment.project,
        is_leaving=record.is_terminating,
        took=record.took,
        gpus=record.gpus,
    )
