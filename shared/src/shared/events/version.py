"""Facts about versions. The controller says what was asked for, the scheduler what came of it."""

from __future__ import annotations

from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from shared.contracts.canaries import CanaryVerdict
from shared.contracts.deployment import Deployment
from shared.events.base import Event


class VersionFact(Event):
    """What every fact about a version carries."""

    entity: ClassVar[str] = "version"
    service_id: UUID
    service: str
    version_id: UUID
    version: str

    def key(self) -> str:
        """`<service>/<version>`."""
        return f"{self.service}/{self.version}"


class VersionCreated(VersionFact):
    """A version exists. Producer: controller."""

    fact: ClassVar[str] = "created"
    model_source: dict[str, str | None]
    actor: str | None = None


class VersionUpdated(VersionFact):
    """A version's configuration changed. Producer: controller."""

    fact: ClassVar[str] = "updated"
    changed: tuple[str, ...] = ()
    deployment: Deployment | None = Field(default=None, description="Present when what should run changed.")
    actor: str | None = None
    note: str | None = Field(default=None, description="Why, where nobody asked for it: such as an alias that moved.")


class VersionStarted(VersionFact):
    """A version should run. Producer: controller."""

    fact: ClassVar[str] = "started"
    deployment: Deployment
    actor: str | None = None


class VersionStopped(VersionFact):
    """A version should run no more. Producer: controller."""

    fact: ClassVar[str] = "stopped"
    deployment: Deployment = Field(description="With 0 desired replicas.")
    actor: str | None = None


class VersionDeleted(VersionFact):
    """A version is gone. Producer: controller."""

    fact: ClassVar[str] = "deleted"
    actor: str | None = None


class VersionOutcome(VersionFact):
    """What the scheduler saw of one generation of intent."""

    generation: int


class VersionReady(VersionOutcome):
    """As many pods as wanted are ready. Producer: scheduler."""

    fact: ClassVar[str] = "ready"
    ready_replicas: int


class VersionFailed(VersionOutcome):
    """No pod ever got ready: three failed loads, or ten minutes. Producer: scheduler."""

    fact: ClassVar[str] = "failed"
    reason: str
    message: str
    log_tail: tuple[str, ...] = ()


class VersionScaled(VersionOutcome):
    """The autoscaler wants another number of pods. Producer: scheduler."""

    fact: ClassVar[str] = "scaled"
    from_replicas: int
    to_replicas: int
    ready_replicas: int
    reason: str = Field(description="`load`, `panic`, `idle`, `least`, `most`, … (docs/autoscaling.md)")


class VersionDrained(VersionOutcome):
    """The last pod of a stopped version has ended. Producer: scheduler."""

    fact: ClassVar[str] = "drained"


class VersionRolloutFailed(VersionOutcome):
    """The pods of a new configuration do not get ready; those of the one before serve on. Producer: scheduler."""

    fact: ClassVar[str] = "rolloutfailed"
    reason: str
    message: str
    log_tail: tuple[str, ...] = ()


class VersionRolledBack(VersionFact):
    """A version was given back the configuration that last had all its pods ready. Producer: controller."""

    fact: ClassVar[str] = "rolledback"
    from_generation: int = Field(description="The generation that did not get ready.")
    reason: str
    message: str
    deployment: Deployment


class CanaryFact(VersionFact):
    """What every fact about a canary carries; `version` is the canary. Producer: controller."""

    canary_id: UUID
    stable: str | None = Field(default=None, description="The version that it is compared with.")


class VersionCanaryStarted(CanaryFact):
    """A canary has got its first share of the traffic."""

    fact: ClassVar[str] = "canarystarted"
    weight: int
    steps: tuple[int, ...]


class VersionCanaryStepped(CanaryFact):
    """A canary has got its next share."""

    fact: ClassVar[str] = "canarystepped"
    step: int = Field(description="Counted from 0.")
    weight: int
    verdict: CanaryVerdict | None = Field(default=None, description="The figures of the step before.")


class VersionCanaryHeld(CanaryFact):
    """A canary keeps its share until somebody decides: its time limit has passed without a verdict."""

    fact: ClassVar[str] = "canaryheld"
    weight: int
    reason: str
    verdict: CanaryVerdict | None = None


class VersionCanaryPromoted(CanaryFact):
    """A canary has got all of the traffic."""

    fact: ClassVar[str] = "canarypromoted"
    reason: str
    verdict: CanaryVerdict | None = Field(default=None, description="None: promoted by hand.")


class VersionCanaryRolledBack(CanaryFact):
    """A canary has lost its traffic: it is worse than the stable version."""

    fact: ClassVar[str] = "canaryrolledback"
    reason: str
    verdict: CanaryVerdict | None = None


class VersionCanaryAborted(CanaryFact):
    """A canary has ended without a verdict."""

    fact: ClassVar[str] = "canaryaborted"
    reason: str
    phase: Literal["aborted", "error"] = "aborted"
