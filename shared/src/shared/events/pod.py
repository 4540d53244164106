"""Facts about pods. Producer: scheduler."""

from __future__ import annotations

from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from shared.contracts.deployment import ModelSignature, PublishCheck
from shared.events.base import Event


class PodFact(Event):
    """What every fact about a pod carries."""

    entity: ClassVar[str] = "pod"
    service_id: UUID
    service: str
    version_id: UUID
    version: str
    pod: str
    generation: int

    def key(self) -> str:
        """The pod's name."""
        return self.pod


class PodScheduled(PodFact):
    """A pod was given a node."""

    fact: ClassVar[str] = "scheduled"
    node: str


class PodReady(PodFact):
    """A pod answers; it may get traffic."""

    fact: ClassVar[str] = "ready"
    address: str
    ready_replicas: int = Field(description="Ready pods of the version, this one included.")
    desired_replicas: int
    check: PublishCheck | None = Field(default=None, description="What it found out about its model; None: no report.")
    signature: ModelSignature | None = Field(default=None, description="Of its model; None: none, or a huge one.")


class PodChecked(PodFact):
    """A ready pod has found out something else about its model than it said before."""

    fact: ClassVar[str] = "checked"
    ready_replicas: int
    desired_replicas: int
    check: PublishCheck
    signature: ModelSignature | None = Field(default=None, description="Of its model; None: none, or a huge one.")


class PodNotReady(PodFact):
    """A pod that answered does not any more."""

    fact: ClassVar[str] = "notready"
    reason: str
    ready_replicas: int
    desired_replicas: int


class PodExited(PodFact):
    """A pod's process ended without being asked to; it will be started again."""

    fact: ClassVar[str] = "exited"
    exit_code: int | None = None
    signal: int | None = None
    restarts: int = 0


class PodTerminated(PodFact):
    """A pod is gone for good."""

    fact: ClassVar[str] = "terminated"
    reason: str = Field(description="`Stopped`, `Deleted`, `Failed`, `ScaledDown`, `Replaced` or `Lost`.")


class PodNoted(PodFact):
    """Something worth telling happened to a pod: an environment built, a probe failed, a model loading."""

    fact: ClassVar[str] = "noted"
    level: Literal["info", "warning", "error"] = "info"
    reason: str = Field(description="One CamelCase word, such as `BuildingEnvironment`.")
    message: str
