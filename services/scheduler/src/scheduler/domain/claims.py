"""What one pod, or one job, asks of a machine, and whether it has it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from shared.contracts.deployment import Resources


@dataclass(frozen=True)
class ResourceClaim:
    """One pod and what it asks for; `since` orders those that wait, `node` is where it has its place."""

    pod: str
    resources: Resources
    since: float
    is_placed: bool
    node: UUID | None = None
    version: UUID | None = None
    service: str = ""
    name: str = ""
    """Of its version."""
    project: str | None = None
    is_leaving: bool = False
    """It ends by itself, whatever becomes of others."""
    replaces: ResourceClaim | None = None
    """The pod whose place this one may take."""
    took: str | None = None
    """The pod whose place this one, which is placed, has taken."""
    gpus: tuple[str, ...] = ()
    """Devices that it was given, by id."""
