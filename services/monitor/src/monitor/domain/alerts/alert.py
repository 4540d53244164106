"""The life of an alert: opened once, updated, acknowledged, silenced, resolved. After that a new one opens.

One signal in, the alert's next state and the fact about it out; nothing is read or written here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from monitor.domain.alerts.evidence import bounded_evidence, bounded_text
from monitor.domain.alerts.signals import Signal
from shared.contracts.alerting.alerts import AlertSeverity, AlertState

RANK: Mapping[str, int] = {"ok": 0, "warning": 1, "critical": 2}

Fact = Literal["raised", "updated", "resolved"]


@dataclass(frozen=True)
class Alert:
    """One alert as it is now. `seen_at`: the newest signal about it. `revision` counts changes that were told."""

    id: UUID
    fingerprint: str
    service: str
    project: str | None
    monitor: str
    kind: str
    labels: Mapping[str, str]
    severity: AlertSeverity
    summary: str
    evidence: Mapping[str, Any]
    opened_at: datetime
    updated_at: datetime
    seen_at: datetime
    resolved_at: datetime | None = None
    resolved_why: str | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    comment: str | None = None
    silenced_by: str | None = None
    revision: int = 1

    @property
    def state(self) -> AlertState:
        """Resolved before silenced before acknowledged before open."""
        if self.resolved_at is not None:
            return "resolved"
        if self.silenced_by is not None:
            return "silenced"
        return "open" if self.acknowledged_at is None else "acknowledged"

    @property
    def matched_labels(self) -> dict[str, str]:
        """What matchers are held against; the alert's own labels do not hide what is common to all."""
        return {
            **self.labels,
            "service": self.service,
            "project": self.project or "",
            "monitor": self.monitor,
            "kind": self.kind,
            "severity": self.severity,
        }


@dataclass(frozen=True)
class Transition:
    """What became of an alert. `fact` None: nothing that anybody is told; `before` is its state until now."""

    alert: Alert | None
    fact: Fact | None = None
    before: Alert | None = None


def on_signal(last: Alert | None, signal: Signal, new_id: UUID, now: datetime) -> Transition:
    """The next state of the alert with this fingerprint; `last` is the newest there is, resolved ones included.

    An older signal than the newest that was seen changes nothing, so that repeats and any order are harmless.
    """
    if last is None or last.resolved_at is not None:
        if signal.severity == "ok" or (last is not None and signal.at <= last.seen_at):
            return Transition(last)
        return Transition(_opened(signal, signal.severity, new_id, now), "raised")
    if signal.at < last.seen_at:
        return Transition(last)
    if signal.severity == "ok":
        resolved = replace(last, seen_at=signal.at)
        return resolve(resolved, signal.summary or None, now, evidence=signal.evidence)
    return _updated(last, signal, signal.severity, now)


def _opened(signal: Signal, severity: AlertSeverity, new_id: UUID, now: datetime) -> Alert:
    return Alert(
        id=new_id,
        fingerprint=signal.fingerprint,
        service=signal.service,
        project=None,
        monitor=signal.monitor,
        kind=signal.kind,
        labels=dict(signal.labels),
        severity=severity,
        summary=bounded_text(signal.summary),
        evidence=bounded_evidence(signal.evidence),
        opened_at=now,
        updated_at=now,
        seen_at=signal.at,
    )


def _updated(last: Alert, signal: Signal, severity: AlertSeverity, now: datetime) -> Transition:
    seen = replace(last, seen_at=signal.at)
    summary, evidence = bounded_text(signal.summary), bounded_evidence(signal.evidence)
    if (last.severity, last.summary, last.evidence) == (severity, summary, evidence):
        return Transition(seen, None, last)
    changed = replace(
        seen,
        severity=severity,
        summary=summary,
        evidence=evidence,
        updated_at=now,
        revision=last.revision + 1,
    )
    if RANK[severity] > RANK[last.severity]:  # who took care of a warning has not said so of this
        changed = replace(changed, acknowledged_at=None, acknowledged_by=None, comment=None)
    return Transition(changed, "updated", last)


def resolve(last: Alert, why: str | None, now: datetime, *, evidence: Mapping[str, Any] | None = None) -> Transition:
    """It is over; nothing for one that is over already. `evidence`: the figures that are in order again."""
    if last.resolved_at is not None:
        return Transition(last)
    ended = replace(
        last,
        resolved_at=now,
        resolved_why=why,
        updated_at=now,
        silenced_by=None,
        revision=last.revision + 1,
        evidence={**last.evidence, "resolved": bounded_evidence(evidence)} if evidence else last.evidence,
    )
    return Transition(ended, "resolved", last)


def acknowledge(last: Alert, by: str, comment: str | None, now: datetime) -> Transition:
    """Somebody takes care of it; a second one takes over. Nothing for one that is over."""
    if last.resolved_at is not None or (last.acknowledged_by, last.comment) == (by, comment):
        return Transition(last)
    taken = replace(
        last, acknowledged_at=now, acknowledged_by=by, comment=comment, updated_at=now, revision=last.revision + 1
    )
    return Transition(taken, "updated", last)


def mute(last: Alert, by: str | None, now: datetime) -> Transition:
    """A silence or maintenance has begun or ended (None) for it."""
    if last.resolved_at is not None or last.silenced_by == by:
        return Transition(last)
    changed = replace(last, silenced_by=by, updated_at=now, revision=last.revision + 1)
    return Transition(changed, "updated", last)
