"""What was measured: samples by 10 s, and blocks of longer steps; minutes as rows, as releases of before kept them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, BigInteger, Index, Integer, LargeBinary, Text
from sqlmodel import Field

from monitor.store.tables.base import MonitorRow
from shared.database import UtcDateTime


class SampleRow(MonitorRow, table=True):
    """A traffic sample that has been counted: a repeat is not counted again."""

    __tablename__ = "samples"

    run_id: UUID = Field(primary_key=True)
    sequence: int = Field(primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime, index=True)


class MeasuredRow(MonitorRow, table=True):
    """What one sample said of one service: `rows` is JSON, a list of [version, pod, {field: number}].

    These are the steps of 10 s; and what came after a service's `PackedRow` is in no block yet.
    """

    __tablename__ = "measured_samples"
    __table_args__ = (
        Index("ix_measured_samples_service", "service", "kind", "step"),
        {"sqlite_autoincrement": True},  # a number never comes again, though every sample was deleted
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger().with_variant(Integer(), "sqlite"))
    step: int = Field(index=True)
    service: str = Field(max_length=63)
    kind: str = Field(max_length=16)
    rows: str = Field(sa_type=Text)


class PackedRow(MonitorRow, table=True):
    """Up to which of its samples a service is in blocks."""

    __tablename__ = "packed_samples"

    service: str = Field(primary_key=True, max_length=63)
    upto: int = Field(sa_type=BigInteger)


class BlockRow(MonitorRow, table=True):
    """One kind of numbers of one service, by `step_s`, over a stretch from `start` on; see `domain/metrics/blocks.py`.

    `is_rolled`: its numbers are in the blocks of longer steps as well.
    """

    __tablename__ = "metric_blocks"
    __table_args__ = (Index("ix_metric_blocks_rolled", "is_rolled", "start"),)

    kind: str = Field(primary_key=True, max_length=16)
    step_s: int = Field(primary_key=True)
    service: str = Field(primary_key=True, max_length=63)
    start: int = Field(primary_key=True)
    is_rolled: bool
    data: bytes = Field(sa_type=LargeBinary)


class PercentilesRow(MonitorRow, table=True):
    """Percentiles by `step_s` of the service's block of latencies from `start` on; see `domain/metrics/percentiles.py`.

    `level`: what its series are told apart by. A block has rows of all levels and steps, or none yet.
    """

    __tablename__ = "latency_percentiles"

    level: str = Field(primary_key=True, max_length=16)
    step_s: int = Field(primary_key=True)
    service: str = Field(primary_key=True, max_length=63)
    start: int = Field(primary_key=True)
    data: bytes = Field(sa_type=LargeBinary)


class MinuteRow(MonitorRow):
    """A minute of one pod, of a release before; version and pod are empty where none was chosen."""

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
    """Samples of a release before: nothing reads them, and an hour after the update there are none."""

    __tablename__ = "recent_samples"
    __table_args__ = (Index("ix_recent_samples_service", "service", "kind", "step"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger().with_variant(Integer(), "sqlite"))
    step: int = Field(index=True)
    service: str = Field(max_length=63)
    kind: str = Field(max_length=16)
    rows: list[dict[str, Any]] = Field(sa_type=JSON)
