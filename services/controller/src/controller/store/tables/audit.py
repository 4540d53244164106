"""The audit log."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON
from sqlmodel import Field

from controller.store.tables.base import ControllerTable
from shared.database import UtcDateTime
from shared.ids import new_id


class AuditRow(ControllerTable, table=True):
    """One change of one resource: who, what, before and after. Never edited, never removed by the platform."""

    __tablename__ = "audit"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime)
    actor: str = Field(max_length=63, index=True)
    operation: str = Field(max_length=64)
    request_id: str = Field(max_length=128)
    project: str | None = Field(default=None, max_length=63, index=True)
    resource_kind: str = Field(max_length=32)
    resource_name: str = Field(max_length=255, index=True)
    action: str = Field(max_length=16)
    before: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    after: dict[str, Any] | None = Field(default=None, sa_type=JSON)
