"""Alerts, their deliveries, how channels do, and what the controller has defined about them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, BigInteger, Index, Integer, UniqueConstraint
from sqlmodel import Field

from monitor.store.tables.base import MonitorRow
from shared.database import UtcDateTime
from shared.ids import new_id


class AlertRow(MonitorRow, table=True):
    """One alert. `open_key` is its fingerprint until it is resolved, then null: at most one of each is open."""

    __tablename__ = "alerts"
    __table_args__ = (
        Index("ix_alerts_state_id", "state", "id"),
        Index("ix_alerts_service_id", "service", "id"),
        Index("ix_alerts_fingerprint_id", "fingerprint", "id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    fingerprint: str = Field(max_length=32)
    open_key: str | None = Field(default=None, max_length=32, unique=True)
    service: str = Field(max_length=63)
    project: str | None = Field(default=None, max_length=63)
    monitor: str = Field(max_length=160)
    kind: str = Field(max_length=64)
    labels: dict[str, str] = Field(sa_type=JSON)
    severity: str = Field(max_length=16)
    state: str = Field(max_length=16)
    summary: str
    evidence: dict[str, Any] = Field(sa_type=JSON)
    opened_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)
    seen_at: datetime = Field(sa_type=UtcDateTime)
    resolved_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    resolved_why: str | None = None
    acknowledged_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    acknowledged_by: str | None = Field(default=None, max_length=63)
    comment: str | None = None
    silenced_by: str | None = Field(default=None, max_length=160)
    revision: int = 1
    due_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    """When its routing is to be looked at again; null: when something changes."""


class DeliveryRow(MonitorRow, table=True):
    """What one channel is told of one alert. `content`: the alert as it was at that moment."""

    __tablename__ = "deliveries"
    __table_args__ = (
        UniqueConstraint("alert_id", "channel_id", "number", name="uq_deliveries_alert_channel_number"),
        Index("ix_deliveries_channel_state_seq", "channel_id", "state", "seq"),
    )

    seq: int | None = Field(default=None, primary_key=True, sa_type=BigInteger().with_variant(Integer(), "sqlite"))
    id: UUID = Field(unique=True)
    alert_id: UUID = Field(foreign_key="alerts.id", ondelete="CASCADE")
    channel_id: UUID
    channel: str = Field(max_length=63)
    number: int
    status: str = Field(max_length=16)
    reason: str = Field(max_length=16)
    severity: str = Field(max_length=16)
    content: dict[str, Any] = Field(sa_type=JSON)
    state: str = Field(max_length=16)
    message_id: UUID | None = None
    attempts: int = 0
    created_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    outcome: str | None = None


class ChannelStateRow(MonitorRow, table=True):
    """How a channel does. `definition`: the revisions that `state` was found with; another one is tried anew."""

    __tablename__ = "channel_states"

    channel_id: UUID = Field(primary_key=True)
    definition: str = Field(max_length=64)
    state: str = Field(max_length=16)
    reason: str | None = None
    since: datetime | None = Field(default=None, sa_type=UtcDateTime)
    next_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    tokens: float
    tokens_at: datetime = Field(sa_type=UtcDateTime)
    last_sent_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class AlertingDefinitionsRow(MonitorRow, table=True):
    """The controller's last answer about channels, routes, silences and maintenance: one row, number 1."""

    __tablename__ = "alerting_definitions"

    id: int = Field(default=1, primary_key=True, sa_type=Integer, sa_column_kwargs={"autoincrement": False})
    revision: str = Field(max_length=64)
    content: str
    received_at: datetime = Field(sa_type=UtcDateTime)
