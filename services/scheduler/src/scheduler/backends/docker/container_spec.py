"""The body of a container's creation: what a run may use, reach and write. Pure.

Every container: no capabilities, no new privileges, a first process that reaps, limits of memory, cores and processes,
a log that does not grow without end, no restart by the engine (the scheduler decides). Containers of our own runtime
image also have a root that is read-only, a user that is not root, and a `/tmp` in memory.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from shared.contracts.deployment import Resources

GIB = 1024**3
MOST_PROCESSES = 4_096
"""Processes and threads of one pod."""
OOM_SCORE = 500
"""When the machine runs out of memory, pods go before the platform."""
LOG_OPTIONS = {"max-size": "16m", "max-file": "2"}
"""Of the engine's own log: it is copied while the container runs."""
LABEL = "penstock."
MAX_HOSTNAME = 63

GpuRequest = Literal["nvidia", "cdi"]
CDI_VENDOR = "nvidia.com/gpu"


@dataclass(frozen=True)
class Mount:
    """A folder or file of the engine's machine at a path of the container."""

    source: str
    target: str
    is_writable: bool = False


@dataclass(frozen=True)
class ContainerSpec:
    """One container."""

    name: str
    image: str
    labels: Mapping[str, str]
    environment: Mapping[str, str]
    resources: Resources
    network: str
    port: int | None = None
    """The port that is published, or reached at the container's address; None: nothing listens."""
    is_published: bool = True
    entrypoint: Sequence[str] | None = None
    """None: the image's own."""
    command: Sequence[str] | None = None
    hostname: str = ""
    user: str | None = None
    """None: the image's own."""
    is_root_read_only: bool = True
    folder: str | None = None
    mounts: Sequence[Mount] = field(default=())
    grace_s: float = 30.0
    gpus: Sequence[str] = ()
    """Devices, by number or name."""
    gpu_request: GpuRequest = "nvidia"
    takes_oom_score: bool = True

    def body(self) -> dict[str, Any]:
        """As `POST /containers/create` takes it (API 1.41)."""
        port = None if self.port is None else f"{self.port}/tcp"
        created: dict[str, Any] = {
            "Image": self.image,
            "Hostname": self.hostname[:MAX_HOSTNAME].rstrip("-"),
            "Env": [f"{name}={value}" for name, value in sorted(self.environment.items())],
            "Labels": dict(self.labels),
            "Tty": False,
            "OpenStdin": False,
            "StopSignal": "SIGTERM",
            "StopTimeout": int(self.grace_s),
            "HostConfig": self._host_config(port),
            "NetworkingConfig": {"EndpointsConfig": {self.network: {}}},
        }
        if port is not None:
            created["ExposedPorts"] = {port: {}}
        optional = {
            "Entrypoint": None if self.entrypoint is None else list(self.entrypoint),
            "Cmd": None if self.command is None else list(self.command),
            "User": self.user,
            "WorkingDir": self.folder,
        }
        return created | {name: value for name, value in optional.items() if value is not None}

    def _host_config(self, port: str | None) -> dict[str, Any]:
        memory = int(self.resources.memory_gb * GIB)
        host: dict[str, Any] = {
            "NetworkMode": self.network,
            "RestartPolicy": {"Name": "no"},
            "AutoRemove": False,
            "Init": True,
            "Privileged": False,
            "CapDrop": ["ALL"],
            "SecurityOpt": ["no-new-privileges"],
            "ReadonlyRootfs": self.is_root_read_only,
            "NanoCpus": max(10_000_000, int(self.resources.cpu * 1_000_000_000)),
            "Memory": memory,
            "MemorySwap": memory,
            "PidsLimit": MOST_PROCESSES,
            "ShmSize": memory // 2,
            "LogConfig": {"Type": "json-file", "Config": LOG_OPTIONS},
            "Mounts": [self._mount(each) for each in self.mounts],
        }
        if self.takes_oom_score:
            host["OomScoreAdj"] = OOM_SCORE
        if self.is_root_read_only:
            host["Tmpfs"] = {"/tmp": f"rw,nosuid,nodev,exec,mode=1777,size={memory // 2}"}  # noqa: S108 - the container's
        if port is not None and self.is_published:
            host["PortBindings"] = {port: [{"HostIp": "127.0.0.1", "HostPort": ""}]}
        if self.gpus:
            host["DeviceRequests"] = [device_request(self.gpus, self.gpu_request)]
        return host

    @staticmethod
    def _mount(mount: Mount) -> dict[str, Any]:
        return {"Type": "bind", "Source": mount.source, "Target": mount.target, "ReadOnly": not mount.is_writable}


def device_request(gpus: Sequence[str], way: GpuRequest) -> dict[str, Any]:
    """These very devices: by NVIDIA's runtime, or by the names of the Container Device Interface (engine 25)."""
    if way == "cdi":
        return {"Driver": "cdi", "DeviceIDs": [gpu if "=" in gpu else f"{CDI_VENDOR}={gpu}" for gpu in gpus]}
    return {"Driver": "nvidia", "DeviceIDs": list(gpus), "Capabilities": [["gpu"]]}


def run_labels(
    installation: str, *, service: str, version: str, version_id: str, pod: str, run: int, spec_hash: str
) -> dict[str, str]:
    """By which a container is known for ours, and for which run."""
    return {
        f"{LABEL}installation": installation,
        f"{LABEL}service": service,
        f"{LABEL}version": version,
        f"{LABEL}version-id": version_id,
        f"{LABEL}pod": pod,
        f"{LABEL}run": str(run),
        f"{LABEL}spec-hash": spec_hash,
    }


def spec_hash(content: Mapping[str, Any]) -> str:
    """Short name of what a container was made from."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:16]
