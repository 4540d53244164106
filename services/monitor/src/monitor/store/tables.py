"""Tables of the monitor. Nobody else opens them; Alembic owns their shape."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, BigInteger, Index, Integer, UniqueConstraint
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from shared.bus.outbox import add_tables
from shared.database import UtcDateTime
from shared.ids import new_id

NOT_EXAMINED = "?"


class MonitorRow(SQLModel, registry=registry()):
    """Base of the monitor's tables, on metadata of their own."""


class SampleRow(MonitorRow, table=True):
    """A traffic sample that has been counted: a repeat is not counted again."""

    __tablename__ = "samples"

    run_id: UUID = Field(primary_key=True)
    sequence: int = Field(primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime, index=True)


class MinuteRow(MonitorRow):
    """A minute of one pod; version and pod are empty where none was chosen."""

    minute: int = Field(primary_key=True)
    service: str = Field(primary_key=True, max_length=63)
    version: str = Field(primary_key=True, max_length=63)
    pod: str = Field(primary_key=True, max_length=160)
    sums: dict[str, Any] = Field(sa_type=JSON)


class TrafficRow(MinuteRow, table=True):
    """A minute of traffic."""

    __tablename__ = "traffic_minutes"
    __table_args__ = (Index("ix_traffic_service_minute", "service", "minute"),)


class UsageRow(MinuteRow, table=True):
    """A minute of CPU and memory."""

    __tablename__ = "usage_minutes"
    __table_args__ = (Index("ix_usage_service_minute", "service", "minute"),)


class ReplicasRow(MinuteRow, table=True):
    """Wanted, running and ready pods of a version (its pod is empty), as last seen in a minute."""

    __tablename__ = "replicas_minutes"
    __table_args__ = (Index("ix_replicas_service_minute", "service", "minute"),)


class RecentRow(MonitorRow, table=True):
    """What one sample said of one service: `rows` holds its version, pod and sums. Kept for the charts by 10 s."""

    __tablename__ = "recent_samples"
    __table_args__ = (Index("ix_recent_samples_service", "service", "kind", "step"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger().with_variant(Integer(), "sqlite"))
    step: int = Field(index=True)
    service: str = Field(max_length=63)
    kind: str = Field(max_length=16)
    rows: list[dict[str, Any]] = Field(sa_type=JSON)


class LogLineRow(MonitorRow, table=True):
    """One line that a pod printed. (pod, run, offset) names it, so that a repeat is kept once."""

    __tablename__ = "log_lines"
    __table_args__ = (
        UniqueConstraint("pod", "run", "offset", name="uq_log_lines_place"),
        Index("ix_log_lines_service_id_level", "service", "id", "level"),
        Index("ix_log_lines_at", "at"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger().with_variant(Integer(), "sqlite"))
    at: datetime = Field(sa_type=UtcDateTime)
    service: str = Field(max_length=63)
    version: str = Field(max_length=63)
    pod: str = Field(max_length=160)
    run: int
    offset: int = Field(sa_type=BigInteger)
    text: str
    request_id: str | None = None
    level: str = Field(max_length=8)
    """Empty: the line has none. `NOT_EXAMINED`: stored by a release that did not look for it."""


class EventRow(MonitorRow, table=True):
    """One reason and message on one resource, and how often it came. `digest`: of the message, which may be long."""

    __tablename__ = "events"
    __table_args__ = (
        UniqueConstraint("service", "kind", "name", "reason", "digest", name="uq_events_resource_reason_message"),
        Index("ix_events_service_last_seen", "service", "last_seen"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    service: str = Field(max_length=63)
    version: str | None = Field(default=None, max_length=63)
    kind: str = Field(max_length=16)
    name: str = Field(max_length=160)
    level: str = Field(max_length=16)
    reason: str = Field(max_length=64)
    message: str
    digest: str = Field(max_length=64)
    first_seen: datetime = Field(sa_type=UtcDateTime)
    last_seen: datetime = Field(sa_type=UtcDateTime)
    count: int = 1


add_tables(MonitorRow.metadata)
