"""The cluster's nodes: what room they have, and how those of resource groups are kept for them.

A node of a group is a node of the cluster of the same name. Where this scheduler may, it labels and taints it, isolates
it and has its pods evicted as the controller's intent says; where it may not, the cluster's owner labels nodes, and
what cannot be done here is said.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from scheduler.backends.kubernetes.api.client import KubernetesApi, Object
from scheduler.backends.kubernetes.api.errors import FORBIDDEN, NOT_FOUND, TOO_MANY, ApiAway, ApiError, ApiRefused
from scheduler.backends.kubernetes.facts.pods import quantity
from scheduler.backends.kubernetes.manifests.names import GROUP_LABEL, pods_path
from scheduler.backends.kubernetes.nodes.gpu_kinds import gpus_of_node
from scheduler.domain.placement import Capacity
from shared.contracts.nodes import Node

log = logging.getLogger("penstock.scheduler.kubernetes")

GIB = 1 << 30
NOT_PERMITTED = "nodes: not permitted: needs get, list, watch and patch on nodes (the optional ClusterRole)"


def node_path(name: str) -> str:
    """Path of a node."""
    return f"/api/v1/nodes/{name}"


def capacity_of(node: Mapping[str, Any], gpu_resources: Iterable[str]) -> Capacity:
    """What pods may ask for on a node."""
    has = (node.get("status") or {}).get("allocatable") or {}
    return Capacity(
        quantity(str(has.get("cpu", "0"))),
        quantity(str(has.get("memory", "0"))) / GIB,
        sum(gpus_of_node(node, resource) for resource in gpu_resources),
    )


def is_open(node: Mapping[str, Any]) -> bool:
    """Whether new pods may come to it: it is ready, and nobody isolated it."""
    conditions = (node.get("status") or {}).get("conditions") or ()
    is_ready = any(each.get("type") == "Ready" and each.get("status") == "True" for each in conditions)
    return is_ready and not (node.get("spec") or {}).get("unschedulable")


def group_of(node: Mapping[str, Any]) -> str | None:
    """The resource group that a node is kept for; None: nobody's."""
    return (node["metadata"].get("labels") or {}).get(GROUP_LABEL)


def is_shared(node: Mapping[str, Any]) -> bool:
    """Whether pods of the shared pool may come to it."""
    return is_open(node) and group_of(node) is None


def shared_capacity(nodes: Iterable[Mapping[str, Any]], gpu_resources: Collection[str]) -> Capacity:
    """What the nodes that no group has are together, those that take pods."""
    found = [capacity_of(node, gpu_resources) for node in nodes if is_shared(node)]
    return Capacity(sum(each.cpu for each in found), sum(each.memory_gb for each in found), sum(e.gpu for e in found))


def wanted_changes(found: Mapping[str, Any], wanted: Node) -> dict[str, Any] | None:
    """What of a node is to be changed so that it is its group's; None: nothing."""
    labels, spec = found["metadata"].get("labels") or {}, found.get("spec") or {}
    taints = [each for each in spec.get("taints") or () if each.get("key") != GROUP_LABEL]
    kept = {"key": GROUP_LABEL, "value": wanted.group, "effect": "NoSchedule"}
    has_taint = any(_same_taint(each, kept) for each in spec.get("taints") or ())
    is_closed = not wanted.is_schedulable or wanted.pods != "stay"
    if labels.get(GROUP_LABEL) == wanted.group and has_taint and bool(spec.get("unschedulable")) == is_closed:
        return None
    return {
        # The version makes it a conflict where somebody else changed the list of taints in between.
        "metadata": {
            "labels": {GROUP_LABEL: wanted.group},
            "resourceVersion": found["metadata"].get("resourceVersion"),
        },
        "spec": {"taints": [*taints, kept], "unschedulable": is_closed or None},
    }


def release_changes(found: Mapping[str, Any]) -> dict[str, Any]:
    """What of a node is to be changed so that it is nobody's."""
    taints = [each for each in (found.get("spec") or {}).get("taints") or () if each.get("key") != GROUP_LABEL]
    version = found["metadata"].get("resourceVersion")
    return {
        "metadata": {"labels": {GROUP_LABEL: None}, "resourceVersion": version},
        "spec": {"taints": taints or None, "unschedulable": None},
    }


def _same_taint(left: Mapping[str, Any], right: Mapping[str, Any]) -> bool:
    return all(left.get(key) == right.get(key) for key in ("key", "value", "effect"))


class NodeKeeper:
    """Brings the cluster's nodes to what the controller wants of them."""

    def __init__(
        self, api: KubernetesApi, namespace: str, fence: Callable[[], Awaitable[None]], nodes: Mapping[str, Object]
    ) -> None:
        """`nodes`: the cluster's, by name, kept up to date."""
        self._api = api
        self._namespace = namespace
        self._fence = fence
        self._nodes = nodes
        self._ours: dict[UUID, str] = {}
        self.trouble: str | None = None
        """What cannot be done, in words."""

    async def bring(self, wanted: Sequence[Node], pods: Mapping[str, Sequence[str]]) -> None:
        """Label, taint and isolate what is not so; evict the `pods` of nodes that are emptied, by the node's name."""
        try:
            for node in wanted:
                await self._bring_one(node)
                self._ours[node.id] = node.name
            for identity in self._ours.keys() - {node.id for node in wanted}:
                await self._release(self._ours.pop(identity))
            for node in wanted:
                if node.pods != "stay":
                    await self._empty(pods.get(node.name, ()))
        except ApiRefused as refused:
            self._complain(NOT_PERMITTED if refused.status == FORBIDDEN else refused.message)
        except ApiAway as away:
            log.debug("nodes: %s", away.message)
        else:
            self.trouble = None

    def _complain(self, trouble: str) -> None:
        if self.trouble != trouble:
            log.warning("%s", trouble)
        self.trouble = trouble

    async def _bring_one(self, wanted: Node) -> None:
        found = self._nodes.get(wanted.name)
        changes = wanted_changes(found, wanted) if found is not None else None
        if changes is not None:
            await self._fence()
            await self._api.merge(node_path(wanted.name), changes)

    async def _release(self, name: str) -> None:
        found = self._nodes.get(name)
        if found is not None:
            await self._fence()
            await self._api.merge(node_path(name), release_changes(found))

    async def _empty(self, pods: Sequence[str]) -> None:
        """Evict pods; a disruption budget lets them go one after the other."""
        for name in pods:
            await self._fence()
            await evict(self._api, self._namespace, name)


async def evict(api: KubernetesApi, namespace: str, pod: str) -> bool:
    """Have a pod go as soon as its disruption budget allows; whether it does."""
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod, "namespace": namespace}}
    try:
        await api.create(f"{pods_path(namespace, pod)}/eviction", eviction)
    except ApiError as error:
        # 429 is the budget's no: it comes as one that may be tried again.
        if isinstance(error, ApiAway) or getattr(error, "status", 0) in {NOT_FOUND, TOO_MANY}:
            return False
        raise
    return True
