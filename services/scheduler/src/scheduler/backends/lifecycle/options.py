"""How pods are run, whatever runs them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from scheduler.backends.pod_api.tokens import PodTokens
from scheduler.domain.gpus import Gpu
from scheduler.domain.nodes import NO_OVERCOMMIT
from scheduler.domain.placement import UNLIMITED, Capacity
from scheduler.domain.probes import ProbeLimits

ALL_TERMINALS_OFF = "terminals are switched off for the whole installation, with SCHEDULER_TERMINALS=off"
TerminalChoice = Literal["auto", "on", "off"]
GpuRollout = Literal["surge-first", "free-first"]


@dataclass(frozen=True, kw_only=True)
class LifecycleOptions:
    """Limits and timeouts; times in seconds, sizes in bytes."""

    probe_every_s: float = 0.25
    probe_timeout_s: float = 1.0
    probe_limits: ProbeLimits = field(default_factory=ProbeLimits)
    start_limit_s: float = 600.0
    drain_s: float = 2.0
    withdraw_limit_s: float = 120.0
    grace_s: float = 30.0
    capacity: Capacity = UNLIMITED
    """What all pods together may ask for, where no node of a resource group reserves any of it."""
    overcommit: Capacity = NO_OVERCOMMIT
    """How many times what the machine has that is."""
    gpus: tuple[Gpu, ...] = ()
    """Devices that pods may be given; of those of `capacity` so many count as there are here."""
    gpu_rollout: GpuRollout = "surge-first"
    """Whether an update waits for a free GPU, or ends an old pod for it where none is free."""
    tokens: PodTokens | None = None
    """Makes the token of each pod; None: pods answer without one."""
    output_cap: int = 64 * 1024 * 1024
    output_rate: float = 1000.0
    """Lines a second that a pod may print in the long run."""
    kept_after_end_s: float = 600.0
    """How long the output of a pod that is gone stays readable."""
    terminals: TerminalChoice = "auto"
    """Whether sessions may be opened inside pods; auto: where those are not processes of this machine."""
