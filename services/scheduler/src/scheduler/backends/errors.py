"""Why a pod cannot be started: what the rooms that prepare it raise, and every backend handles."""

from __future__ import annotations

from dataclasses import dataclass

from scheduler.domain.values import REGISTRY_UNAVAILABLE


@dataclass
class PreparationFailed(Exception):
    """The model or its environment could not be had. `is_permanent`: another try cannot help."""

    reason: str
    message: str
    is_permanent: bool = False


@dataclass
class RegistryUnavailable(Exception):
    """The model registry or its artifact store does not answer; the same step may succeed later.

    `reason`: why the pod waits, where it is something else that does not answer.
    """

    message: str
    reason: str = REGISTRY_UNAVAILABLE
