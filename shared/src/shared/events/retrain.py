"""Facts about retrainings. Producer: monitor."""

from __future__ import annotations

from typing import ClassVar, Literal
from uuid import UUID

from shared.contracts.retraining import RetrainedModel, RetrainingCause, RetrainingEvidence, RetrainingRun
from shared.events.base import Event


class RetrainFact(Event):
    """What every fact about a retraining carries."""

    entity: ClassVar[str] = "retrain"
    retraining_id: UUID
    service: str
    service_id: UUID
    trigger: str
    cause: RetrainingCause

    def key(self) -> str:
        """The service."""
        return self.service


class RetrainRequested(RetrainFact):
    """A trigger has asked for a retraining, and no guard refused it. Whoever retrains may listen to this alone."""

    fact: ClassVar[str] = "requested"
    evidence: RetrainingEvidence


class RetrainStarted(RetrainFact):
    """The system that retrains has accepted it."""

    fact: ClassVar[str] = "started"
    action: str
    run: RetrainingRun | None = None


class RetrainEnded(RetrainFact):
    """It is over; `model` is the version that came of it, where one did and was found by then."""

    fact: ClassVar[str] = "ended"
    state: Literal["succeeded", "failed", "cancelled"]
    reason: str | None = None
    message: str | None = None
    model: RetrainedModel | None = None
