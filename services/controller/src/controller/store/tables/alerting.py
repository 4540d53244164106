"""Channels, silences and maintenance."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON
from sqlmodel import Field

from controller.store.tables.base import ControllerTable
from shared.database import UtcDateTime
from shared.ids import new_id


class ChannelRow(ControllerTable, table=True):
    """Where alerts are told; `project` None: of the installation. `secret` names the one with its credentials."""

    __tablename__ = "channels"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    name: str = Field(unique=True, max_length=63)
    project: str | None = Field(default=None, foreign_key="projects.name", max_length=63, index=True)
    kind: str = Field(max_length=16)
    language: str = Field(max_length=8)
    time_zone: str = Field(max_length=64)
    options: dict[str, Any] = Field(sa_type=JSON)
    secret: str | None = Field(default=None, max_length=63)
    route: dict[str, Any] = Field(sa_type=JSON)
    paused: bool = False
    creator: str = Field(max_length=63)
    created_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)
    revision: int = 1


class SilenceRow(ControllerTable, table=True):
    """Alerts that match are told to nobody for a time."""

    __tablename__ = "silences"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    project: str | None = Field(default=None, foreign_key="projects.name", max_length=63, index=True)
    matchers: list[dict[str, Any]] = Field(sa_type=JSON)
    starts_at: datetime = Field(sa_type=UtcDateTime)
    ends_at: datetime = Field(sa_type=UtcDateTime, index=True)
    comment: str
    creator: str = Field(max_length=63)
    created_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)
    revision: int = 1


class MaintenanceRow(ControllerTable, table=True):
    """Alerts of a service, a project or the installation are told to nobody, once or again and again."""

    __tablename__ = "maintenance_windows"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    name: str = Field(unique=True, max_length=63)
    project: str | None = Field(default=None, foreign_key="projects.name", max_length=63, index=True)
    service_id: UUID | None = Field(default=None, foreign_key="services.id", ondelete="CASCADE", index=True)
    starts_at: datetime = Field(sa_type=UtcDateTime)
    ends_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    schedule: str | None = Field(default=None, max_length=128)
    duration_s: float | None = None
    comment: str
    creator: str = Field(max_length=63)
    created_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)
    revision: int = 1
