"""The event list."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field

from monitor.store.tables.base import MonitorRow
from shared.database import UtcDateTime
from shared.ids import new_id


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
