"""Facts about alerts. Producer: monitor."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, Literal
from uuid import UUID

from shared.events.base import Event


class AlertFact(Event):
    """What every fact about an alert carries.

    `fingerprint` is that of every alert about the same thing, `alert_id` of this one alone. `revision` counts its
    changes from 1. `service` is empty where an alert is about the platform.
    """

    entity: ClassVar[str] = "alert"
    alert_id: UUID
    fingerprint: str
    revision: int
    service: str
    monitor: str
    kind: str
    severity: Literal["warning", "critical"]
    labels: dict[str, str]
    summary: str
    evidence: dict[str, Any]
    opened_at: datetime

    def key(self) -> str:
        """The fingerprint: alerts about one thing are in order."""
        return self.fingerprint


class AlertRaised(AlertFact):
    """An alert has opened."""

    fact: ClassVar[str] = "raised"


class AlertUpdated(AlertFact):
    """An open alert has another severity, other figures, or was acknowledged or silenced."""

    fact: ClassVar[str] = "updated"
    state: Literal["open", "acknowledged", "silenced"]
    previous_severity: Literal["warning", "critical"]


class AlertResolved(AlertFact):
    """An alert is over: what it was about is in order again, or is gone."""

    fact: ClassVar[str] = "resolved"
    resolved_at: datetime
