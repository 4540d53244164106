"""Secrets."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import JSON
from sqlmodel import Field

from controller.store.tables.base import ControllerTable
from shared.database import UtcDateTime
from shared.ids import new_id


class SecretRow(ControllerTable, table=True):
    """A secret, sealed under the key that `key_id` names; `fields` are the names of what it holds."""

    __tablename__ = "secrets"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    name: str = Field(unique=True, max_length=63)
    project: str = Field(foreign_key="projects.name", max_length=63, index=True)
    kind: str = Field(max_length=16)
    description: str = ""
    fields: list[str] = Field(sa_type=JSON)
    key_id: str = Field(max_length=16)
    sealed: bytes
    creator: str = Field(max_length=63)
    created_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)
    revision: int = 1
