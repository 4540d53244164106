"""How the Docker backend runs pods."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from scheduler.backends.docker.container_spec import GpuRequest
from scheduler.backends.lifecycle.options import LifecycleOptions

AddressKind = Literal["auto", "published", "container"]

POD_PORT = 8080
"""Where a model server listens in its container."""


@dataclass(frozen=True, kw_only=True)
class DockerOptions(LifecycleOptions):
    """What is more with containers."""

    network: str | None = None
    """Network of the pods; None: one of this installation's own."""
    is_internal: bool = False
    """Whether an own network leads nowhere else."""
    address: AddressKind = "auto"
    """Where a pod is reached: at a published port of 127.0.0.1, or at its container's address; auto: the latter where
    the scheduler is a container itself."""
    build_network: str = "bridge"
    """Network of the short-lived containers that build environments."""
    user: str = "10001:10001"
    """Who the pods of models run as."""
    gpu_request: GpuRequest = "nvidia"
