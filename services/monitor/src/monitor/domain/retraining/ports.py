"""What driving a retraining needs of others; `clients/retraining/` implements it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

from monitor.domain.retraining.http import Progress, StartOutcome
from shared.contracts.retraining import (
    EvidenceTable,
    RetrainingAccess,
    RetrainingEvidence,
    RetrainingRun,
    RetrainingTrigger,
)

CancelOutcome = Literal["told", "cannot", "later"]


class Definitions(Protocol):
    """The controller. Everything here raises `Unavailable` while it is away."""

    async def triggers(self) -> Sequence[RetrainingTrigger]:
        """All that are defined."""
        ...

    async def access(self, trigger: UUID) -> RetrainingAccess:
        """Who we are to the system of a trigger. Raises `NotFound` where the trigger is gone."""
        ...


class Surroundings(Protocol):
    """The inference-logger. Everything here raises `Unavailable` while it is away."""

    async def tables(self, service: str) -> tuple[EvidenceTable, ...]:
        """Tables of a service, and their versions now."""
        ...

    async def label_share(self, service: str, since: datetime, until: datetime) -> float:
        """Share of the rows of a time that have a label, 0 to 1."""
        ...


class RetrainingSystem(Protocol):
    """What retrains. What it does wrong is an outcome; only the platform's own parts raise `Temporary`."""

    async def start(
        self, trigger: RetrainingTrigger, evidence: RetrainingEvidence, access: RetrainingAccess
    ) -> StartOutcome:
        """One try; a repeat of one that was accepted starts nothing anew, where the system can tell."""
        ...

    async def look(
        self, trigger: RetrainingTrigger, evidence: RetrainingEvidence, run: RetrainingRun, access: RetrainingAccess
    ) -> Progress:
        """How it does."""
        ...

    async def cancel(
        self, trigger: RetrainingTrigger, evidence: RetrainingEvidence, run: RetrainingRun, access: RetrainingAccess
    ) -> CancelOutcome:
        """Have it ended; `cannot`: the system has no way to be told."""
        ...
