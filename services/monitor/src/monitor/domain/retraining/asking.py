"""Which triggers an alert starts, what names one asking, and the evidence that goes with it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from shared.contracts.retraining import (
    AlertEvidence,
    AlertMatch,
    EvidenceWindow,
    RetrainingCause,
    RetrainingEvidence,
    RetrainingTrigger,
)
from shared.events.alert import AlertFact, AlertUpdated

_RANKS = {"ok": 0, "warning": 1, "critical": 2}


def starts(trigger: RetrainingTrigger, alert: AlertFact) -> bool:
    """Whether an alert that was raised, or has become worse, starts this trigger."""
    wanted = trigger.on_alert
    if wanted is None or trigger.is_paused or trigger.service != alert.service or not _matches(wanted, alert):
        return False
    least = _RANKS[wanted.severity]
    if isinstance(alert, AlertUpdated) and _RANKS[alert.previous_severity] >= least:
        return False  # it did when it was raised
    return _RANKS[alert.severity] >= least


def _matches(wanted: AlertMatch, alert: AlertFact) -> bool:
    own = {**alert.labels, "monitor": alert.monitor, "kind": alert.kind}
    return all(own.get(name) == value for name, value in wanted.labels.items())


def key_of_alert(trigger: UUID, alert: AlertFact) -> str:
    """The same for every repeat of one alert about one window."""
    window = window_of(alert.evidence)
    of_window = [window.start.isoformat(), window.end.isoformat()] if window else [str(alert.alert_id)]
    return _hash("alert", str(trigger), alert.fingerprint, *of_window)


def key_of_schedule(trigger: UUID, due: datetime) -> str:
    """The same for every look at one due time."""
    return _hash("schedule", str(trigger), due.isoformat())


def key_of_order(order: UUID) -> str:
    """The same for every repeat of one order by hand."""
    return _hash("manual", str(order))


def _hash(*parts: str) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def window_of(evidence: Mapping[str, Any]) -> EvidenceWindow | None:
    """The window that an alert's evidence speaks of; None where it names none."""
    found = evidence.get("window")
    try:
        return EvidenceWindow.model_validate(found) if isinstance(found, Mapping) else None
    except ValidationError:
        return None


def evidence_of(
    trigger: RetrainingTrigger,
    identity: UUID,
    cause: RetrainingCause,
    now: datetime,
    *,
    alert: AlertFact | None = None,
    requested_by: str | None = None,
    note: str | None = None,
) -> RetrainingEvidence:
    """Why it is asked for; the tables are added when it is sent."""
    said = alert.evidence if alert is not None else {}
    return RetrainingEvidence(
        id=identity,
        service=trigger.service,
        trigger=trigger.name,
        cause=cause,
        requested_at=now,
        requested_by=requested_by,
        note=note,
        model=trigger.model,
        registry=trigger.registry,
        alert=None if alert is None else _alert(alert),
        window=window_of(said),
        slice=_text(said.get("slice")) or (alert.labels.get("slice") if alert is not None else None),
        report=_text(said.get("report")),
    )


def _alert(alert: AlertFact) -> AlertEvidence:
    return AlertEvidence(
        id=str(alert.alert_id),
        fingerprint=alert.fingerprint,
        monitor=alert.monitor,
        severity=alert.severity,
        labels=alert.labels,
        summary=alert.summary,
        details=alert.evidence,
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
