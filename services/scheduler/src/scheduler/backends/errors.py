"""Why a pod cannot be started: what the rooms that prepare it raise, and every backend handles."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class PreparationFailed(Exception):
    """The model or its environment could not be had. `is_permanent`: another try cannot help."""

    reason: str
    message: str
    is_permanent: bool = False


@dataclass
class RegistryUnavailable(Exception):
    """The model registry or its artifact store does not answer; the same step may succeed later."""

    message: str
