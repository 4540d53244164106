"""Settings of the Kubernetes backend, `SCHEDULER_KUBERNETES_…`: a part of `SchedulerSettings`."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator
from pydantic_settings import NoDecode

from scheduler.domain.cluster_gpus import ClusterGpuKind
from shared.contracts.deployment import GpuKindText
from shared.settings import DatabaseSettings, Duration

KUBERNETES_POD_FIELDS = ("affinity", "nodeSelector", "priorityClassName", "runtimeClassName", "tolerations")
"""Fields of every pod that the installation's owner may set."""


class KubernetesSettings(DatabaseSettings):
    """What an operator may set of a cluster that runs pods."""

    kubernetes_namespace: str = ""
    """Namespace that pods run in; default that of the pod which the scheduler runs in, else `penstock`."""

    kubernetes_kubeconfig: Path | None = None
    """Kubeconfig to reach the cluster with; default `KUBECONFIG`, in a pod its service account."""

    kubernetes_context: str | None = None
    """Context of the kubeconfig; default its current one."""

    kubernetes_installation: str = Field(default="penstock", pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")
    """Label that tells this installation's pods from another's in the same namespace, default penstock."""

    kubernetes_image: str = ""
    """Image that pods of models run in: the platform's own, of the same release. Needed with kubernetes."""

    kubernetes_image_pull_policy: Literal["Always", "IfNotPresent", "Never"] = "IfNotPresent"
    """When nodes pull that image, default IfNotPresent."""

    kubernetes_image_pull_secrets: Annotated[tuple[str, ...], NoDecode] = ()
    """Secrets of the namespace, comma-separated, that nodes pull that image with; default none."""

    kubernetes_root_images: bool = False
    """Whether owners' images may run as root, default false; the namespace then has to admit the pod security level
    `baseline`."""

    kubernetes_claim: str | None = None
    """PersistentVolumeClaim (ReadWriteMany) that keeps models and environments for all pods; default each its own."""

    kubernetes_supply_host: str = "0.0.0.0"  # noqa: S104 - pods have to reach it; nothing is given without a ticket
    """Address that pods fetch their models from, on this machine; default every one."""

    kubernetes_supply_port: int = Field(default=9112, ge=1, le=65_535)
    """TCP port of it, default 9112."""

    kubernetes_supply_url: str | None = None
    """How pods reach it; default `http://penstock-scheduler.<namespace>.svc:<port>` in a cluster, else this machine's
    address. A change replaces all pods."""

    kubernetes_rollout: Literal["surge-first", "free-first"] = "surge-first"
    """Whether an update makes a new pod before it ends an old one, or (where GPUs are all in use) after it."""

    kubernetes_pre_stop: Duration = timedelta(seconds=5)
    """How long a pod that is deleted serves on while the routers hear of it, default 5 seconds."""

    kubernetes_gpu_resource: str = "nvidia.com/gpu"
    """Name of the resource that a GPU is on the nodes (such as `nvidia.com/mig-1g.18gb`); default nvidia.com/gpu."""

    kubernetes_gpu_kinds: dict[GpuKindText, ClusterGpuKind] = Field(default_factory=dict)
    """What the cluster calls the kinds of GPU that pods ask for (`gpu_kind`), as JSON: of each its `resource`, `labels`
    of its nodes, or both. Default none."""

    kubernetes_pod: dict[str, Any] = Field(default_factory=dict)
    """Further fields of every pod, as JSON: affinity, nodeSelector, priorityClassName, runtimeClassName, tolerations.
    Default none."""

    kubernetes_log_streams: int = Field(default=500, ge=1)
    """Pods whose output is read at the same time; with more of them they take turns. Default 500."""

    @field_validator("kubernetes_image_pull_secrets", mode="before")
    @classmethod
    def _split_names(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("kubernetes_pod")
    @classmethod
    def _passed_through(cls, value: dict[str, Any]) -> dict[str, Any]:
        if unknown := sorted(value.keys() - set(KUBERNETES_POD_FIELDS)):
            raise ValueError(f"kubernetes_pod may have {', '.join(KUBERNETES_POD_FIELDS)}, not {', '.join(unknown)}")
        return value
