"""What a cluster calls its GPUs: the resource that a kind is asked for by, and the labels of the nodes that have it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from scheduler.domain.gpus import is_of_kind

_NAME = r"([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?"
ResourceName = Annotated[str, StringConstraints(pattern=rf"^{_NAME}$")]
LabelValue = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$")]


class ClusterGpuKind(BaseModel):
    """One kind: its `resource` (None: that of every GPU), and `labels` of nodes, each with one value or several."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    resource: ResourceName | None = None
    labels: dict[ResourceName, LabelValue | Annotated[tuple[LabelValue, ...], Field(min_length=1)]] = {}

    @model_validator(mode="after")
    def _says_something(self) -> ClusterGpuKind:
        if self.resource is None and not self.labels:
            raise ValueError("a kind of GPU needs its resource, or labels of its nodes, or both")
        return self

    def values(self) -> dict[str, tuple[str, ...]]:
        """The values that are right, by label."""
        return {name: (one,) if isinstance(one, str) else one for name, one in sorted(self.labels.items())}


@dataclass(frozen=True)
class ClusterGpus:
    """How a pod asks for GPUs: the resource, and the nodes, each of `places` by its labels (none: any node)."""

    resource: str
    places: tuple[Mapping[str, tuple[str, ...]], ...] = ()


def cluster_gpus(wanted: str | None, kinds: Mapping[str, ClusterGpuKind], resource: str) -> ClusterGpus | str:
    """How a pod asks for GPUs of a kind; a sentence where the cluster's kinds do not say.

    Args:
        kinds: by name. The one that is called as the pod says it, whatever the case, else those whose name holds it.
        resource: of every GPU whose kind names no other.
    """
    if wanted is None:
        return ClusterGpus(resource)
    exact = [kind for name, kind in kinds.items() if name.casefold() == wanted.casefold()]
    found = exact or [kind for name, kind in kinds.items() if is_of_kind(name, wanted)]
    resources = {kind.resource or resource for kind in found}
    if not found:
        known = f"it has {', '.join(sorted(kinds))}" if kinds else "it is empty"
        label = "-".join(wanted.split())
        return (
            f"SCHEDULER_KUBERNETES_GPU_KINDS does not say what this cluster calls a GPU {wanted}: {known}; add it, as "
            f'{{"{wanted}": {{"labels": {{"nvidia.com/gpu.product": "NVIDIA-{label}"}}}}}} '
            "(`kubectl get nodes -L nvidia.com/gpu.product` shows what nodes have)"
        )
    if len(resources) > 1:
        names = sorted(name for name, kind in kinds.items() if kind in found)
        return f"GPU {wanted} means several resources ({', '.join(sorted(resources))}): ask for {' or '.join(names)}"
    places = tuple(kind.values() for kind in found)
    return ClusterGpus(resources.pop(), places if all(places) else ())
