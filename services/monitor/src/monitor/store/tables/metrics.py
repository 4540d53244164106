"""Minutes and samples of traffic, usage and replicas."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, BigInteger, Index, Integer
from sqlmodel import Field

from monitor.store.tables.base import MonitorRow
from shared.database import UtcDateTime


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
