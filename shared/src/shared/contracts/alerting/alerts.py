"""Alerts as the monitor tells of them, and what the controller defines about them: routes, silences, maintenance."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from shared.contracts.alerting.channels import ChannelDefinition
from shared.contracts.base import Contract

AlertSeverity = Literal["warning", "critical"]
AlertState = Literal["open", "acknowledged", "silenced", "resolved"]
DeliveryStatus = Literal["firing", "acknowledged", "resolved"]
DeliveryReason = Literal["raised", "severity", "repeat", "acknowledged", "resolved"]
DeliveryState = Literal["waiting", "sent", "rejected", "expired", "dropped"]


class Matcher(Contract):
    """A condition on one label, as Alertmanager has them; a label that is missing is the empty text.

    Besides its labels an alert has `service`, `project`, `monitor`, `kind` and `severity`.
    """

    name: str
    value: str
    is_regex: bool = Field(default=False, description="`value` is an RE2 expression that the whole label matches.")
    is_equal: bool = Field(default=True, description="False: the label must not match.")


class ChannelRoute(Contract):
    """Which alerts a channel is told of, and how often."""

    min_severity: AlertSeverity = "warning"
    matchers: tuple[Matcher, ...] = Field(default=(), description="All of them must hold.")
    repeat_interval_s: float = Field(default=14_400.0, description="A firing alert is told again this often; 0: once.")
    send_resolved: bool = True


class RoutedChannel(Contract):
    """A channel and its route."""

    channel: ChannelDefinition
    route: ChannelRoute
    secret_revision: int = Field(default=0, description="Counts the edits of its secret.")


class SilenceDefinition(Contract):
    """Alerts that match are told to nobody for a time."""

    id: UUID
    project: str | None = None
    matchers: tuple[Matcher, ...]
    starts_at: datetime
    ends_at: datetime


class MaintenanceDefinition(Contract):
    """Alerts of a service, a project or the installation are told to nobody, once or again and again."""

    name: str
    project: str | None = None
    service: str | None = None
    starts_at: datetime
    ends_at: datetime | None = Field(default=None, description="Of a single window; None: as `schedule` says.")
    schedule: str | None = Field(default=None, description="Cron: when each window begins, from `starts_at` on.")
    duration_s: float | None = Field(default=None, description="How long each lasts.")


class AlertingDefinitions(Contract):
    """All that is defined about alerts; empty but for `revision` where that is what was known."""

    revision: str
    is_unchanged: bool = False
    channels: tuple[RoutedChannel, ...] = ()
    silences: tuple[SilenceDefinition, ...] = ()
    maintenance: tuple[MaintenanceDefinition, ...] = ()
    projects: dict[str, str] = Field(default_factory=dict, description="Service → project.")
    console_url: str | None = Field(default=None, description="Base URL of the console, for links.")


class AlertingQuery(Contract):
    """`known`: the revision of the last answer."""

    known: str | None = None


class ChannelQuery(Contract):
    """One channel."""

    id: UUID


class ChannelCredentials(Contract):
    """What its secret holds: never stored, logged or sent on by who asked."""

    values: dict[str, str] = Field(repr=False)


class AlertsQuery(Contract):
    """Alerts, newest first; of these projects only, where given."""

    projects: tuple[str, ...] | None = None
    state: AlertState | None = None
    service: str | None = None
    monitor: str | None = None
    severity: AlertSeverity | None = None
    limit: int = Field(default=100, ge=1, le=1000)
    cursor: str | None = None


class AlertEntry(Contract):
    """One alert."""

    id: UUID
    fingerprint: str = Field(description="The same for every alert about the same thing.")
    service: str | None = Field(description="Null: it is about the platform.")
    project: str | None
    monitor: str = Field(description="Name of the rule, or of a built-in one.")
    kind: str
    labels: dict[str, str]
    state: AlertState
    severity: AlertSeverity
    summary: str
    evidence: dict[str, Any] = Field(description="Figures it was judged by.")
    opened_at: datetime
    updated_at: datetime
    resolved_at: datetime | None = None
    resolved_why: str | None = Field(default=None, description="Where it did not end by itself.")
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    comment: str | None = Field(default=None, description="Of who acknowledged it.")
    silenced_by: str | None = Field(default=None, description="`silence <id>` or `maintenance <name>`.")
    revision: int


class AlertPage(Contract):
    """Alerts and where to go on."""

    items: tuple[AlertEntry, ...]
    next_cursor: str | None = None


class DeliveryEntry(Contract):
    """One notification of an alert to one channel."""

    id: UUID
    channel: str
    status: DeliveryStatus
    reason: DeliveryReason
    state: DeliveryState
    attempts: int
    message_id: UUID | None = Field(default=None, description="Of a digest: that of all its deliveries.")
    created_at: datetime
    ended_at: datetime | None = None
    outcome: str | None = Field(default=None, description="What the receiver answered last, in one sentence.")


class AlertQuery(Contract):
    """One alert."""

    id: UUID


class AlertDetail(AlertEntry):
    """An alert and its deliveries, the newest first."""

    deliveries: tuple[DeliveryEntry, ...] = ()


class Acknowledgement(Contract):
    """Somebody takes care of an alert."""

    id: UUID
    by: str
    comment: str | None = None


class ChannelTestQuery(Contract):
    """A channel as it is now; `language` of the message is the channel's."""

    routed: RoutedChannel
    by: str


class ChannelTest(Contract):
    """What became of a test message."""

    state: Literal["sent", "retry", "channel_dead", "rejected"]
    reason: str = Field(default="", description="What the receiver answered, in one sentence.")
    retry_after_s: float | None = None


class ChannelHealth(Contract):
    """How a channel does, as the monitor finds it."""

    id: UUID
    state: Literal["ok", "failing", "dead"]
    reason: str | None = None
    since: datetime | None = None
    waiting: int = 0
    oldest_waiting_at: datetime | None = None
    last_sent_at: datetime | None = None


class ChannelHealths(Contract):
    """Channels that anything was sent to, or waits for."""

    items: tuple[ChannelHealth, ...]
