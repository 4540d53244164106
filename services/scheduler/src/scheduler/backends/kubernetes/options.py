"""How the Kubernetes backend runs pods."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from scheduler.domain.cluster_gpus import ClusterGpuKind
from scheduler.domain.placement import Capacity

Rollout = Literal["surge-first", "free-first"]


@dataclass(frozen=True)
class KubernetesOptions:
    """Names, limits and timeouts; times in seconds."""

    namespace: str
    image: str
    """With Python, the model server and what prepares a pod: the platform's own image."""
    supply_url: str
    """Where pods reach this scheduler for their models."""
    installation: str = "penstock"
    """Tells pods of several platforms in one namespace apart."""
    image_pull_policy: str = "IfNotPresent"
    image_pull_secrets: tuple[str, ...] = ()
    claim: str | None = None
    """PersistentVolumeClaim, of the mode ReadWriteMany, that models and environments are kept in; None: in each pod."""
    rollout: Rollout = "surge-first"
    pre_stop_s: int = 5
    """How long a pod that is deleted serves on: until every router has heard of it."""
    grace_s: int = 35
    start_limit_s: int = 600
    unready_after_s: int = 3
    hung_after_s: int = 120
    drain_s: float = 2.0
    withdraw_limit_s: float = 120.0
    overcommit: Capacity = field(default_factory=lambda: Capacity(1, 1, 1))
    """By how much less than its limit a pod of the shared pool asks for."""
    gpu_resource: str = "nvidia.com/gpu"
    gpu_kinds: Mapping[str, ClusterGpuKind] = field(default_factory=dict)
    """What the cluster calls the kinds of GPU that pods ask for, by name."""
    pod: Mapping[str, Any] = field(default_factory=dict)
    """Further fields of every pod, such as tolerations."""
    prepare_environment: Mapping[str, str] = field(default_factory=dict)
    """What the container that prepares a pod knows of package indexes."""
    log_streams: int = 500
    kept_after_end_s: float = 600.0
    """How long the output of a pod that is gone stays readable."""
    has_terminals: bool = True
    """Whether sessions may be opened inside pods."""
    has_root_images: bool = False
    """Whether owners' images may run as root; the namespace then has to admit the pod security level `baseline`."""
    has_sleep_action: bool = True
    """Whether the cluster knows `preStop.sleep` (Kubernetes 1.30)."""

    @property
    def gpu_resources(self) -> tuple[str, ...]:
        """Every resource that is a GPU."""
        named = (kind.resource for kind in self.gpu_kinds.values() if kind.resource)
        return tuple(dict.fromkeys((self.gpu_resource, *named)))
