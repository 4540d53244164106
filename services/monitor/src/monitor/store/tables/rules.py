"""Quality rules: verdicts of their windows, how far each has come, and their baselines."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Index
from sqlmodel import Field

from monitor.store.tables.base import MonitorRow
from shared.database import UtcDateTime
from shared.ids import new_id


class RuleWindowRow(MonitorRow, table=True):
    """The verdict of one window, of one column and slice. `retry_at`: when it is computed again, as it could not be."""

    __tablename__ = "rule_windows"
    __table_args__ = (Index("ix_rule_windows_monitor_end", "monitor_id", "end_at"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    monitor_id: UUID
    start_at: datetime = Field(sa_type=UtcDateTime)
    end_at: datetime = Field(sa_type=UtcDateTime, index=True)
    column: str | None = Field(default=None, max_length=512)
    slice: str | None = Field(default=None, max_length=2048)
    state: str = Field(max_length=24)
    value: float | None = None
    threshold: float | None = None
    rows: int = 0
    reason: str | None = None
    details: dict[str, Any] = Field(sa_type=JSON)
    revision: int = 1
    evaluated_at: datetime = Field(sa_type=UtcDateTime)
    attempts: int = 0
    retry_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)


class RuleProgressRow(MonitorRow, table=True):
    """How far a rule has come. `labels_version`, `labels_seen_at`: up to where late labels were looked for."""

    __tablename__ = "rule_progress"

    monitor_id: UUID = Field(primary_key=True)
    service: str = Field(max_length=63)
    monitor: str = Field(max_length=63)
    evaluated_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    evaluated_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    state: str | None = Field(default=None, max_length=24)
    reason: str | None = None
    labels_version: int | None = None
    labels_seen_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class BaselineRow(MonitorRow, table=True):
    """A baseline as it was made: `data` is the profile's own form. `digest`: of what it was made from."""

    __tablename__ = "rule_baselines"

    monitor_id: UUID = Field(primary_key=True)
    digest: str = Field(primary_key=True, max_length=64)
    source: str
    rows: int
    data: bytes
    made_at: datetime = Field(sa_type=UtcDateTime)
