"""How the process backend runs pods."""

from __future__ import annotations

from dataclasses import dataclass

from scheduler.backends.confinement.availability import UNCONFINED, Confinement
from scheduler.backends.lifecycle.options import LifecycleOptions
from scheduler.backends.process.cgroups import ControlGroups


@dataclass(frozen=True, kw_only=True)
class PodOptions(LifecycleOptions):
    """What is more with processes: addresses, and what keeps them from the rest of the machine."""

    bind_host: str = "127.0.0.1"
    advertise_host: str = "127.0.0.1"
    control_groups: ControlGroups | None = None
    """Makes the control groups that limit pods; None: they are not limited."""
    confinement: Confinement = UNCONFINED
    """Keeps pods from everything but their own files."""
