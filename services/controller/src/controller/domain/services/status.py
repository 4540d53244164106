"""Status of versions and services: never stored, always derived from intent and observation.

What was seen counts only for the generation of intent that it speaks of: facts about an
older generation say that the scheduler has not got to the newer one yet.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class DesiredState(StrEnum):
    """Intent of a version."""

    DRAFT = "draft"
    STARTED = "started"
    STOPPED = "stopped"


class VersionStatus(StrEnum):
    """Status of a version."""

    DRAFT = "draft"
    STARTING = "starting"
    RUNNING = "running"
    UPDATING = "updating"
    DEGRADED = "degraded"
    FAILED = "failed"
    STOPPING = "stopping"
    STOPPED = "stopped"


class ServiceStatus(StrEnum):
    """Status of a service."""

    DRAFT = "draft"
    STARTING = "starting"
    RUNNING = "running"
    UPDATING = "updating"
    DEGRADED = "degraded"
    FAILED = "failed"
    STOPPING = "stopping"
    STOPPED = "stopped"


SERVING = frozenset({VersionStatus.RUNNING, VersionStatus.UPDATING, VersionStatus.DEGRADED})
"""Versions that get traffic. A degraded one keeps its share: one pod that restarts must not move a canary's weight."""

ACTIVE = SERVING | {VersionStatus.STARTING}
"""Versions that count against the limit of active versions and may be given weight."""

DELETABLE = frozenset({VersionStatus.DRAFT, VersionStatus.STOPPED, VersionStatus.FAILED})
"""Versions of which nothing runs."""


@dataclass(frozen=True)
class Observation:
    """The scheduler's last report of a version."""

    generation: int
    phase: str
    ready_replicas: int
    was_ready: bool
    """Whether as many pods as wanted were ever ready since the version's last start."""


def version_status(wanted: DesiredState, generation: int, replicas: int, seen: Observation | None) -> VersionStatus:
    """Derive a version's status from its intent (`wanted`, `generation`, `replicas`) and the last observation."""
    if wanted is DesiredState.DRAFT:
        return VersionStatus.DRAFT
    if wanted is DesiredState.STOPPED:
        return _stopping_status(generation, seen)
    if seen is not None and seen.generation < generation:
        return VersionStatus.UPDATING if seen.was_ready and seen.phase == "running" else VersionStatus.STARTING
    return _started_status(replicas, seen)


def _stopping_status(generation: int, seen: Observation | None) -> VersionStatus:
    has_ended = seen is not None and seen.generation >= generation and seen.phase == "stopped"
    return VersionStatus.STOPPED if has_ended else VersionStatus.STOPPING


def _started_status(replicas: int, seen: Observation | None) -> VersionStatus:
    if seen is not None and seen.phase == "failed":
        return VersionStatus.FAILED
    if replicas == 0:
        return VersionStatus.RUNNING  # zero replicas are desired, and zero are ready
    if seen is None:
        return VersionStatus.STARTING
    if not seen.was_ready:
        return VersionStatus.STARTING
    return VersionStatus.RUNNING if seen.ready_replicas >= replicas else VersionStatus.DEGRADED


def service_status(versions: Iterable[VersionStatus]) -> ServiceStatus:
    """Derive a service's status from those of its versions."""
    seen = frozenset(versions)
    if VersionStatus.UPDATING in seen:
        return ServiceStatus.UPDATING
    if seen & SERVING:
        is_short = bool(seen & {VersionStatus.DEGRADED, VersionStatus.FAILED})
        return ServiceStatus.DEGRADED if is_short else ServiceStatus.RUNNING
    for status in (VersionStatus.STARTING, VersionStatus.FAILED, VersionStatus.STOPPING, VersionStatus.STOPPED):
        if status in seen:
            return ServiceStatus(status.value)
    return ServiceStatus.DRAFT


def supersedes(seen: Observation | None, new_generation: int, intended_generation: int) -> bool:
    """Whether a fact of `new_generation` may replace what was seen: never an older one, never one from the future."""
    if new_generation > intended_generation:
        return False
    return seen is None or new_generation >= seen.generation


def next_observation(seen: Observation | None, generation: int, phase: str, ready_replicas: int) -> Observation:
    """The observation after a fact: `was_ready` is remembered over rollouts and forgotten at a stop or a failure.

    The scheduler calls a version running once all its pods were ready, also while some of them restart.
    """
    remembered = seen is not None and seen.was_ready and phase == "starting"
    return Observation(generation, phase, ready_replicas, phase == "running" or remembered)
