"""Which core does what."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass


@dataclass(frozen=True)
class Cores:
    """None: not pinned (one core, or no `taskset`)."""

    proxy: int | None = None
    upstream: int | None = None
    load: int | None = None

    @property
    def bus(self) -> int | None:
        """NATS shares the upstream's core, at lower priority."""
        return self.upstream


def divided() -> Cores:
    """The proxy alone on the first core; upstream and load tool on the second, or on one each where there are three."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2 or shutil.which("taskset") is None:
        return Cores()
    return Cores(cores[0], cores[1], cores[2] if len(cores) > 2 else cores[1])
