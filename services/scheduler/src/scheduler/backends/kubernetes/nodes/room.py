"""The room that the cluster has, and who holds it, as far as this scheduler may look at its nodes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from uuid import UUID

from scheduler.backends.kubernetes.api.client import Object
from scheduler.backends.kubernetes.api.informer import Informer
from scheduler.backends.kubernetes.nodes.gpu_kinds import gpu_kinds, has_gpus
from scheduler.backends.kubernetes.nodes.keeper import capacity_of, group_of, is_open, is_shared, shared_capacity
from scheduler.backends.kubernetes.options import KubernetesOptions
from scheduler.backends.kubernetes.pods.configurations import Configurations
from scheduler.backends.kubernetes.pods.known_pod import KnownPod
from scheduler.backends.kubernetes.pods.observer import PodObserver
from scheduler.domain.claims import ResourceClaim
from scheduler.domain.cluster_gpus import cluster_gpus
from scheduler.domain.gpus import no_such_gpu
from scheduler.domain.nodes import node_states, pool_states
from scheduler.domain.placement import Capacity, ResourcePool
from shared.contracts.deployment import Resources
from shared.contracts.nodes import GpuKind, Machine, Node, NodeState, PoolState


class ClusterRoom:
    """Reads nodes and pods; asks nobody."""

    def __init__(
        self,
        pods: Informer,
        observer: PodObserver,
        nodes: Informer,
        options: KubernetesOptions,
        project_of: Callable[[UUID], str | None],
    ) -> None:
        self._pods = pods
        self._observer = observer
        self._nodes = nodes
        self._options = options
        self._configurations = Configurations(project_of)

    def machine(self) -> Machine:
        """What all nodes have together; where they may not be looked at, what our pods ask for."""
        found = [capacity_of(node, self._options.gpu_resources) for node in self._nodes.objects.values()]
        if not found:
            asked = self._asked(self._claims({}))
            found = [asked]
        return Machine(
            name=f"namespace {self._options.namespace}",
            cpu=sum(each.cpu for each in found),
            memory_gb=round(sum(each.memory_gb for each in found), 3),
            gpu=sum(each.gpu for each in found),
            runs_images=True,
            mounts_images=True,
        )

    def nodes(self, wanted: Sequence[Node]) -> list[NodeState]:
        """What pods on each node of a group ask for."""
        asked = self._asked_gpus()
        return node_states(
            wanted,
            self._claims({node.name: node.id for node in wanted}),
            lambda node: self._kinds([found], asked) if (found := self._nodes.objects.get(node.name)) else (),
        )

    def pools(self, wanted: Sequence[Node]) -> list[PoolState]:
        """The shared pool, and each node of a group, by what the cluster says that it has."""
        claims = self._claims({node.name: node.id for node in wanted})
        shared = self._shared(claims)
        asked = self._asked_gpus()
        kinds = self._kinds(filter(is_shared, self._nodes.objects.values()), asked)
        pools = [ResourcePool(shared, gpu_kinds=kinds), *(self._pool(node, asked) for node in wanted)]
        return pool_states(pools, claims, {node.id: node.name for node in wanted})

    def missing_gpus(self) -> Mapping[str, str]:
        """Pods that wait for a kind of GPU which none of the nodes has that they may come to, and why, by name.

        Of nothing where nodes may not be looked at, and of a group that has none: that is what its pods wait for.
        """
        waiting = (each for each in self._observer.pods.values() if each.facts.wait and not each.facts.node)
        claims = (claim for pod in waiting if (claim := self._claim(pod, {})) is not None)
        return {claim.pod: why for claim in claims if (why := self._missing_kind(claim.resources))}

    def _missing_kind(self, asked: Resources) -> str | None:
        if not asked.gpu or asked.gpu_kind is None:
            return None
        wanted = cluster_gpus(asked.gpu_kind, self._options.gpu_kinds, self._options.gpu_resource)
        nodes = [node for node in self._nodes.objects.values() if group_of(node) == asked.group]
        if isinstance(wanted, str) or not nodes or any(has_gpus(node, wanted) for node in nodes):
            return None
        return no_such_gpu(asked.gpu_kind, self._kinds(nodes, {}), asked.group)

    def _shared(self, claims: Sequence[ResourceClaim]) -> Capacity:
        if not self._nodes.is_listed:
            return self._asked(claims)
        has = shared_capacity(self._nodes.objects.values(), self._options.gpu_resources)
        share = self._options.overcommit
        return Capacity(has.cpu * share.cpu, has.memory_gb * share.memory_gb, has.gpu)

    def _kinds(self, nodes: Iterable[Object], asked: Mapping[tuple[str, str], int]) -> tuple[GpuKind, ...]:
        return gpu_kinds(nodes, asked, self._options)

    def _asked_gpus(self) -> Mapping[tuple[str, str], int]:
        """What pods that are there ask for, by node and resource."""
        found: Counter[tuple[str, str]] = Counter()
        for pod in self._observer.pods.values():
            claim = self._claim(pod, {})
            if claim is not None and pod.facts.node and claim.resources.gpu:
                kind = cluster_gpus(claim.resources.gpu_kind, self._options.gpu_kinds, self._options.gpu_resource)
                # Of a pod from before the settings were changed it is not known what it has.
                if not isinstance(kind, str):
                    found[pod.facts.node, kind.resource] += claim.resources.gpu
        return found

    def _pool(self, node: Node, asked: Mapping[tuple[str, str], int]) -> ResourcePool:
        found = self._nodes.objects.get(node.name)
        is_ours = found is not None and group_of(found) == node.group
        has = Capacity(node.cpu, node.memory_gb, node.gpu)
        if found is not None:
            has = capacity_of(found, self._options.gpu_resources)
        is_free = node.is_schedulable and node.pods == "stay" and (found is None or (is_ours and is_open(found)))
        kinds = self._kinds([found], asked) if found is not None else ()
        return ResourcePool(has, node.group, node.id, is_free, kinds)

    def _claims(self, nodes: dict[str, UUID]) -> list[ResourceClaim]:
        found = (self._claim(pod, nodes) for pod in self._observer.pods.values())
        return [claim for claim in found if claim is not None]

    def _claim(self, pod: KnownPod, nodes: dict[str, UUID]) -> ResourceClaim | None:
        stored = self._pods.objects.get(pod.facts.name)
        made_of = None if stored is None else self._configurations.of(stored)
        if made_of is None or pod.facts.stage == "over":
            return None
        return ResourceClaim(
            pod.facts.name,
            made_of.resources,
            pod.facts.created_at.timestamp() if pod.facts.created_at else 0.0,
            is_placed=pod.facts.node is not None,
            node=nodes.get(pod.facts.node or ""),
            version=made_of.version_id,
            service=made_of.service,
            name=made_of.version,
            project=made_of.project,
            is_leaving=pod.facts.is_deleted or pod.is_leaving,
        )

    def _asked(self, claims: Sequence[ResourceClaim]) -> Capacity:
        return Capacity(
            sum(claim.resources.cpu for claim in claims),
            sum(claim.resources.memory_gb for claim in claims),
            sum(claim.resources.gpu for claim in claims),
        )
