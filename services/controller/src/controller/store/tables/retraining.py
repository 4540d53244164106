"""Retraining triggers, and what came of retrainings."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, UniqueConstraint
from sqlmodel import Field

from controller.store.tables.base import ControllerTable
from shared.database import UtcDateTime
from shared.ids import new_id


class RetrainingTriggerRow(ControllerTable, table=True):
    """When a model is trained anew, and by what. `action`: the contract's, with resolved resources of a job."""

    __tablename__ = "retraining_triggers"
    __table_args__ = (UniqueConstraint("service_id", "name"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    service_id: UUID = Field(foreign_key="services.id", ondelete="CASCADE", index=True)
    name: str = Field(max_length=63)
    on_alert: dict[str, Any] | None = Field(default=None, sa_type=JSON(none_as_null=True))
    schedule: str | None = Field(default=None, max_length=128)
    action: dict[str, Any] = Field(sa_type=JSON)
    secret: str | None = Field(default=None, max_length=63)
    """Name of the secret with its credentials."""
    model: str | None = Field(default=None, max_length=255)
    guards: dict[str, Any] = Field(sa_type=JSON)
    time_limit_s: float
    then: dict[str, Any] | None = Field(default=None, sa_type=JSON(none_as_null=True))
    """What is done with the version that comes of it; None: nothing."""
    paused: bool = False
    creator: str = Field(max_length=63)
    created_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)
    revision: int = 1


class RetrainingResultRow(ControllerTable, table=True):
    """What came of a retraining, and the version and the canary that were made of it; `message`: why not, if not."""

    __tablename__ = "retraining_results"

    retraining_id: UUID = Field(primary_key=True)
    service_id: UUID = Field(foreign_key="services.id", ondelete="CASCADE", index=True)
    model: str = Field(max_length=255)
    model_version: str = Field(max_length=16)
    version: str | None = Field(default=None, max_length=63)
    canary_id: UUID | None = None
    message: str | None = None
    created_at: datetime = Field(sa_type=UtcDateTime)
