"""How a pod of a version asks the cluster for its GPUs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from scheduler.backends.errors import PreparationFailed
from scheduler.backends.kubernetes.options import KubernetesOptions
from scheduler.domain.cluster_gpus import ClusterGpus, cluster_gpus
from shared.contracts.deployment import Resources

GPU_KIND_UNKNOWN = "GpuKindUnknown"
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


def gpus_of(resources: Resources, options: KubernetesOptions) -> ClusterGpus | None:
    """The resource and the nodes; None: it asks for none. `PreparationFailed` where the settings name no such kind."""
    if not resources.gpu:
        return None
    found = cluster_gpus(resources.gpu_kind, options.gpu_kinds, options.gpu_resource)
    if isinstance(found, str):
        raise PreparationFailed(GPU_KIND_UNKNOWN, found, is_permanent=True)
    return found


def with_nodes(affinity: Mapping[str, Any], gpus: ClusterGpus | None) -> dict[str, Any]:
    """An affinity that allows those nodes alone which have the GPUs, and which it has allowed before."""
    if gpus is None or not gpus.places:
        return dict(affinity)
    nodes = dict(affinity.get("nodeAffinity") or {})
    before: Sequence[Mapping[str, Any]] = (nodes.get(_REQUIRED) or {}).get("nodeSelectorTerms") or ({},)
    nodes[_REQUIRED] = {
        "nodeSelectorTerms": [
            {**term, "matchExpressions": [*term.get("matchExpressions", ()), *_expressions(place)]}
            for term in before
            for place in gpus.places
        ]
    }
    return {**affinity, "nodeAffinity": nodes}


def _expressions(place: Mapping[str, tuple[str, ...]]) -> list[dict[str, Any]]:
    return [{"key": name, "operator": "In", "values": list(values)} for name, values in place.items()]
