"""What backends observe of pods; the same for every backend."""

from __future__ import annotations

import signal as signals
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from shared.contracts.deployment import BackendName, Deployment, PodReport

PodStatus = Literal["Waiting", "Running", "Failed", "Terminating"]
NoteLevel = Literal["info", "warning", "error"]

REGISTRY_UNAVAILABLE = "RegistryUnavailable"
SECRETS_UNAVAILABLE = "SecretsUnavailable"
SECRETS_MISSING = "SecretMissing"
ENGINE_UNAVAILABLE = "EngineUnavailable"
CLUSTER_UNAVAILABLE = "ClusterUnavailable"
NOT_PERMITTED = "NotPermitted"
NOT_HEALTHY = "NotHealthy"
IMAGE_VOLUMES_MISSING = "ImageVolumesMissing"
BACKEND_MISSING = "BackendMissing"
CAPACITY = "Capacity"
GPU_KIND_MISSING = "GpuKindMissing"
"""What a version waits for whose kind of GPU no node has; its pods wait for room (`CAPACITY`)."""
UNREACHABLE = "PodsUnreachable"
"""Reason of a pod that is ready, and that routers do not reach."""
REACH_ASKED = "routers are being asked whether they reach it"
"""What is said of such a pod before they have answered."""
PULLING = frozenset({"PullingImage", "Pulling"})
"""Reasons of a pod whose image is on its way, told by us, or by a node of a cluster."""
NO_FAULT = (
    frozenset({REGISTRY_UNAVAILABLE, SECRETS_UNAVAILABLE, ENGINE_UNAVAILABLE, CLUSTER_UNAVAILABLE})
    | {BACKEND_MISSING, NOT_PERMITTED, CAPACITY}
    | PULLING
)
"""Reasons of a pod that waits for the model registry, the controller, the container engine, the cluster's API server,
rights on it, a backend that its group names and this scheduler does not have, for room, for gigabytes of an image: no
fault of its version, whose deadline waits too. A pull that gets no further ends by itself."""
HELD_UP = NO_FAULT | {SECRETS_MISSING, NOT_HEALTHY, UNREACHABLE}
"""Reasons that a version tells of its pods: what it waits for."""
OUT_OF_MEMORY = "OutOfMemory"
"""Reason of a run that the kernel ended for its limit."""


@dataclass(frozen=True)
class RunEnd:
    """How one run of a pod ended. `is_permanent`: another try cannot help, such as a model that does not exist."""

    run: int
    code: int | None = None
    signal: int | None = None
    reason: str = "Exited"
    message: str = ""
    is_permanent: bool = False
    is_intended: bool = False
    log_tail: tuple[str, ...] = ()

    @property
    def has_run(self) -> bool:
        """Whether a process has ended: of one that never began the reason is all that there is to say."""
        return self.reason == "Exited" or self.code is not None or self.signal is not None

    def describe(self) -> str:
        """One phrase for people, such as `exit code 1` or `killed by SIGKILL`."""
        if self.reason != "Exited":
            return f"{self.reason}: {self.message}" if self.message else self.reason
        if self.signal is not None:
            return f"killed by {signal_name(self.signal)}"
        return "exit status unknown" if self.code is None else f"exit code {self.code}"


def signal_name(number: int) -> str:
    """`SIGKILL` for 9; the number where it has no name."""
    try:
        return signals.Signals(number).name
    except ValueError:
        return f"signal {number}"


@dataclass(frozen=True)
class PodNote:
    """A reason and a message about a pod, shown and published; it changes no state."""

    reason: str
    message: str
    level: NoteLevel = "info"
    is_event: bool = True
    """Whether it is published; else only the pod's start timeline has it."""


@dataclass(frozen=True)
class PodObservation:
    """One pod as it is now, and what has just happened to it (`end`, `note`, `is_gone`), if anything."""

    pod: str
    version_id: UUID
    generation: int
    status: PodStatus
    ready: bool
    run: int
    restarts: int
    reason: str | None = None
    address: str | None = None
    pid: int | None = None
    image: str | None = None
    """Of its owner's, by its digest; None: one of the platform's own, or not known yet."""
    started_at: datetime | None = None
    last_exit: str | None = None
    end: RunEnd | None = None
    note: PodNote | None = None
    is_gone: bool = False
    is_surplus: bool = False
    """Whether it ends because fewer pods are wanted."""
    is_placed: bool = True
    is_limited: bool = False
    """Whether the kernel keeps it to what it asked for."""
    node: str | None = None
    """Node of a resource group; None: the machine itself."""
    backend: BackendName | None = None
    """What runs it, where its resource group names that."""
    report: PodReport | None = None
    created_at: datetime | None = None
    observed_at: datetime | None = None
    """When it was so; None: when it is stored."""


@dataclass(frozen=True)
class RunObservation:
    """One run of a pod as its backend knows it, by its process' own times. `deployment`: what it runs.

    `is_exact` is False where nobody saw the end, and `ended_at` is when the process was last known to be alive.
    """

    pod: str
    run: int
    deployment: Deployment
    started_at: datetime
    ended_at: datetime | None = None
    is_exact: bool = True
    node: str | None = None
    """Node of a resource group; None: the machine itself."""


@dataclass(frozen=True)
class PodsListed:
    """Every pod that the backend has. Always the first thing that a watch yields."""

    pods: frozenset[str]


Observation = PodObservation | PodsListed


@dataclass(frozen=True, order=True)
class LogPosition:
    """Where reading a pod's output goes on: the run, and how far into that run's output.

    What an offset counts is its backend's own: bytes, or microseconds. It grows from line to line, and a line begins
    where the one before it ended.
    """

    run: int = 0
    offset: int = 0


@dataclass(frozen=True)
class OutputLine:
    """One line of a pod's output; `position` is where it begins, `end` the offset that reading goes on from."""

    position: LogPosition
    end: int
    text: str
    at: datetime | None = None
    """When it was printed; None: when it is read."""


@dataclass(frozen=True)
class MeasuredUsage:
    """What one pod uses now: cores, bytes, GPUs (1.0 is a whole one; None: there is none, or it does not say)."""

    pod: str
    cpu_cores: float
    memory_bytes: int
    gpu_utilisation: float | None = None
    gpu_memory_bytes: int | None = None
