"""Canaries, and the last verdict of each of their steps."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON
from sqlmodel import Field

from controller.store.tables.base import ControllerTable
from shared.database import UtcDateTime
from shared.ids import new_id


class CanaryRow(ControllerTable, table=True):
    """A canary: its plan and where it is.

    `stages` holds when it had which weight. `traffic_revision` is the service's after its own last change of the split:
    another one means that somebody else changed it. `generations` are those of both versions when it began.
    `stops_at`: when the version before, or the one that was rolled back, is to stop; None: nothing is left to do.
    """

    __tablename__ = "canaries"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    service_id: UUID = Field(foreign_key="services.id", ondelete="CASCADE", index=True)
    version: str = Field(max_length=63)
    stable: str | None = Field(default=None, max_length=63)
    plan: dict[str, Any] = Field(sa_type=JSON)
    phase: str = Field(max_length=16, index=True)
    step: int = 0
    weight: int = 0
    reason: str = ""
    stages: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    baseline: dict[str, Any] | None = Field(default=None, sa_type=JSON(none_as_null=True))
    preflight: dict[str, Any] | None = Field(default=None, sa_type=JSON(none_as_null=True))
    generations: dict[str, int] = Field(default_factory=dict, sa_type=JSON)
    traffic_revision: int | None = None
    creator: str = Field(max_length=63)
    created_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)
    started_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    step_started_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    stops_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    revision: int = 1


class CanaryVerdictRow(ControllerTable, table=True):
    """The last verdict of one step of a canary."""

    __tablename__ = "canary_verdicts"

    canary_id: UUID = Field(primary_key=True, foreign_key="canaries.id", ondelete="CASCADE")
    step: int = Field(primary_key=True)
    weight: int
    waits_for: str = ""
    """Why neither the next step nor a promotion comes yet."""
    verdict: dict[str, Any] = Field(sa_type=JSON)
    at: datetime = Field(sa_type=UtcDateTime)
