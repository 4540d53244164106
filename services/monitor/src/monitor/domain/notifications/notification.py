"""What is told to people and systems about alerts, and what became of telling it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from shared.contracts.alerting.channels import Language

AlertStatus = Literal["firing", "acknowledged", "resolved"]
Severity = Literal["warning", "critical"]


@dataclass(frozen=True)
class NotifiedAlert:
    """One alert at the moment of which is told."""

    id: str
    fingerprint: str
    """Identity over updates: service, monitor and labels."""
    service: str
    """Empty: it is about the platform."""
    monitor: str
    """Name of the rule."""
    kind: str
    """What is watched: `drift`, `data_quality`, …"""
    status: AlertStatus
    severity: Severity
    summary: str
    """One sentence."""
    started_at: datetime
    labels: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)
    """Name → text, in the order in which they are shown: value, threshold, window, rows …"""
    ended_at: datetime | None = None
    """None while it is firing."""
    link: str | None = None
    """Where a person reads on: the alert in the console."""
    acknowledged_by: str | None = None


@dataclass(frozen=True)
class Notification:
    """What one message tells: one alert, or several (a digest), the most urgent first."""

    project: str
    """Empty: of the whole installation."""
    alerts: tuple[NotifiedAlert, ...]
    language: Language = "en"
    link: str | None = None
    """Where a person sees all alerts of a digest."""
    is_test: bool = False
    """A test message: systems that open something for it close it at once."""


@dataclass(frozen=True)
class Attempt:
    """One attempt to send."""

    id: str
    """Of the delivery: the same in each attempt, so that a receiver can drop what came before."""
    at: datetime
    number: int = 1


OutcomeState = Literal["sent", "retry", "channel_dead", "rejected"]


@dataclass(frozen=True)
class Outcome:
    """What became of an attempt.

    sent: accepted. retry: not accepted, may be later. rejected: never accepted as it is, others may be.
    channel_dead: nothing will be accepted until somebody changes the channel (key revoked, group gone).
    """

    state: OutcomeState
    reason: str = ""
    """One sentence for people, without URL, signature or credentials."""
    after_s: float | None = None
    """retry: seconds that the receiver asks for at least; None: back off as usual."""

    @classmethod
    def sent(cls) -> Outcome:
        """Accepted."""
        return cls("sent")

    @classmethod
    def retry(cls, reason: str, after_s: float | None = None) -> Outcome:
        """Not accepted this time."""
        return cls("retry", reason, after_s)

    @classmethod
    def rejected(cls, reason: str) -> Outcome:
        """This message is never accepted."""
        return cls("rejected", reason)

    @classmethod
    def channel_dead(cls, reason: str) -> Outcome:
        """The channel accepts nothing any more."""
        return cls("channel_dead", reason)
