"""Quality rules."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, UniqueConstraint
from sqlmodel import Field

from controller.store.tables.base import ControllerTable
from shared.database import UtcDateTime
from shared.ids import new_id


class MonitorRow(ControllerTable, table=True):
    """A rule of a service. `baseline_path`, `baseline_root`: its location as a path, and what that must not leave."""

    __tablename__ = "monitors"
    __table_args__ = (UniqueConstraint("service_id", "name"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    service_id: UUID = Field(foreign_key="services.id", ondelete="CASCADE", index=True)
    name: str = Field(max_length=63)
    kind: str = Field(max_length=32)
    metric: str = Field(max_length=64)
    columns: list[str] = Field(sa_type=JSON)
    baseline: dict[str, Any] | None = Field(default=None, sa_type=JSON(none_as_null=True))
    baseline_path: str | None = Field(default=None, max_length=1024)
    baseline_root: str | None = Field(default=None, max_length=1024)
    window: str = Field(max_length=32)
    slice: str | None = Field(default=None, max_length=1024)
    schedule: str = Field(max_length=32)
    warning: float | None = None
    critical: float | None = None
    min_sample: int
    windows: str = Field(max_length=16)
    delay: str = Field(max_length=32)
    outcome: dict[str, Any] = Field(sa_type=JSON)
    alert: str = Field(max_length=16)
    paused: bool = False
    is_default: bool = False
    """Made by the platform when the service was published."""
    creator: str = Field(max_length=63)
    created_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)
    revision: int = 1
