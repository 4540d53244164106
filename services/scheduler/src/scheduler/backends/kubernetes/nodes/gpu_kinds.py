"""What the GPUs of the cluster's nodes are, as far as settings and the labels of NVIDIA's feature discovery say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from scheduler.backends.kubernetes.facts.pods import quantity
from scheduler.backends.kubernetes.options import KubernetesOptions
from scheduler.domain.cluster_gpus import ClusterGpus
from shared.contracts.nodes import GpuKind

PRODUCT_LABEL = "nvidia.com/gpu.product"


def gpus_of_node(node: Mapping[str, Any], resource: str) -> int:
    """How many of a resource pods may ask for on a node."""
    has = (node.get("status") or {}).get("allocatable") or {}
    return int(quantity(str(has.get(resource, "0"))))


def has_gpus(node: Mapping[str, Any], wanted: ClusterGpus) -> bool:
    """Whether a node has any of the GPUs that a pod asks for, free or not."""
    labels = node["metadata"].get("labels") or {}
    is_place = not wanted.places or any(
        all(labels.get(name) in values for name, values in place.items()) for place in wanted.places
    )
    return is_place and gpus_of_node(node, wanted.resource) > 0


def gpu_kinds(
    nodes: Iterable[Mapping[str, Any]], asked: Mapping[tuple[str, str], int], options: KubernetesOptions
) -> tuple[GpuKind, ...]:
    """How many of each kind nodes have, and are free; `asked`: by pods, by the names of the node and the resource."""
    total: Counter[str | None] = Counter()
    free: Counter[str | None] = Counter()
    for node in nodes:
        for resource in options.gpu_resources:
            if count := gpus_of_node(node, resource):
                kind = _kind_on(node, resource, options)
                total[kind] += count
                free[kind] += max(0, count - asked.get((str(node["metadata"]["name"]), resource), 0))
    return tuple(GpuKind(kind=kind, gpu=count, free=free[kind]) for kind, count in total.items())


def _kind_on(node: Mapping[str, Any], resource: str, options: KubernetesOptions) -> str | None:
    """The name that the settings have for a node's devices, else what the node is labelled with."""
    labels = node["metadata"].get("labels") or {}
    for name, kind in options.gpu_kinds.items():
        is_here = all(labels.get(label) in values for label, values in kind.values().items())
        if is_here and (kind.resource or options.gpu_resource) == resource:
            return name
    return labels.get(PRODUCT_LABEL)
