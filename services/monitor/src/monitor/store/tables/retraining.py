"""Retrainings, and the triggers that they come of."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON
from sqlmodel import Field

from monitor.store.tables.base import MonitorRow
from shared.database import UtcDateTime


class RetrainingTriggerRow(MonitorRow, table=True):
    """A trigger as the controller last listed it, so that an alert is judged while the controller is away."""

    __tablename__ = "retraining_triggers"

    id: UUID = Field(primary_key=True)
    service_id: UUID = Field(index=True)
    definition: dict[str, Any] = Field(sa_type=JSON)
    next_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When its schedule next asks for it."""


class RetrainingRow(MonitorRow, table=True):
    """One retraining. `key` keeps a repeat from being a second one, `slot` (of those in flight) two at a time."""

    __tablename__ = "retrainings"

    id: UUID = Field(primary_key=True)
    key: str = Field(unique=True, max_length=64)
    slot: UUID | None = Field(default=None, unique=True)
    service_id: UUID = Field(index=True)
    trigger_id: UUID
    cause: str = Field(max_length=16)
    state: str = Field(max_length=16, index=True)
    reason: str | None = Field(default=None, max_length=64)
    message: str | None = None
    definition: dict[str, Any] = Field(sa_type=JSON)
    """The trigger as it was then."""
    evidence: dict[str, Any] = Field(sa_type=JSON)
    run: dict[str, Any] | None = Field(default=None, sa_type=JSON(none_as_null=True))
    model: dict[str, Any] | None = Field(default=None, sa_type=JSON(none_as_null=True))
    is_checked: bool = False
    """Labels were counted, tables noted, and it was told as requested."""
    is_forced: bool = False
    is_cancelling: bool = False
    attempts: int = 0
    next_at: datetime = Field(sa_type=UtcDateTime)
    """When it is to be looked at again."""
    requested_at: datetime = Field(sa_type=UtcDateTime)
    started_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    done_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When the system said that it was done; the registry may show what came of it a moment later."""
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    gives_up_at: datetime = Field(sa_type=UtcDateTime)
