"""Getting a pod ready to start: what may go wrong, and the port that the pods see.

`MlflowPreparation` is the real one; a test's may start anything that answers `GET /ping`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from scheduler.backends.process.folders.pod_folder import PodRecord, RunFolder
from scheduler.domain.values import Note


@dataclass
class PreparationFailed(Exception):
    """The model or its environment could not be had. `is_permanent`: another try cannot help."""

    reason: str
    message: str
    is_permanent: bool = False


@dataclass
class RegistryAway(Exception):
    """The model registry or its artifact store does not answer; the same step may succeed later."""

    message: str


Tell = Callable[[Note], None]
"""Makes progress visible: the pod waits for this reason now, and an event says so."""


class Preparation(Protocol):
    """Turns what a pod should be into a command line."""

    async def command(self, record: PodRecord, run: RunFolder, tell: Tell) -> list[str]:
        """Arguments to start the pod's process with; the address to listen on is added to them.

        Raises:
            RegistryAway: try again later.
            PreparationFailed: this run has failed.
        """
        ...


THREAD_LIMITS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")


def threads_of(record: PodRecord) -> int:
    """How many threads a pod's libraries may use: as many as it has cores."""
    return max(1, math.ceil(record.deployment.resources.cpu))


def environment_of(record: PodRecord, folder: Path, command: list[str]) -> dict[str, str]:
    """Everything that a pod's process knows: nothing of the platform's secrets, nothing of its own parent."""
    deployment = record.deployment
    return {
        "PATH": f"{Path(command[0]).parent}:/usr/bin:/bin",
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "LANG": "C.UTF-8",
        "PYTHONUNBUFFERED": "1",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "XDG_CACHE_HOME": f"{folder}/.cache",
        "MPLCONFIGDIR": f"{folder}/.cache/matplotlib",
        "NUMBA_CACHE_DIR": f"{folder}/.cache/numba",
        "PENSTOCK_POD": record.name,
        "PENSTOCK_SERVICE": deployment.service,
        "PENSTOCK_VERSION": deployment.version,
        **dict.fromkeys(THREAD_LIMITS, str(threads_of(record))),
    }
