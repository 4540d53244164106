"""Inference tables: where they may lie, masking and erasure."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, UniqueConstraint
from sqlmodel import Field

from controller.store.tables.base import ControllerTable
from shared.database import UtcDateTime
from shared.ids import new_id


class DestinationRow(ControllerTable, table=True):
    """Where inference tables may lie, and how that place is reached. `project` None: every project may use it."""

    __tablename__ = "destinations"

    name: str = Field(primary_key=True, max_length=63)
    project: str | None = Field(default=None, foreign_key="projects.name", max_length=63, index=True)
    url: str = Field(unique=True, max_length=1024)
    endpoint: str | None = Field(default=None, max_length=512)
    region: str = Field(max_length=63)
    path_style: bool
    secret: str | None = Field(default=None, max_length=63)
    """Name of the secret that holds its credentials."""
    creator: str = Field(max_length=63)
    created_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)
    revision: int = 1


class ErasureRow(ControllerTable, table=True):
    """An order to erase rows of a service; it outlives the service.

    `subjects`: ids, or values of `column`, of those who are erased; empty once that is done, `count` tells how many.
    """

    __tablename__ = "erasures"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    service: str = Field(max_length=63, index=True)
    project: str = Field(max_length=63)
    by: str = Field(max_length=32)
    """`client_request_ids`, `request_ids` or `column`."""
    column: str | None = Field(default=None, max_length=256)
    subjects: list[str] = Field(sa_type=JSON)
    count: int
    is_finished: bool = Field(default=False, index=True)
    receipt: dict[str, Any] | None = Field(default=None, sa_type=JSON(none_as_null=True))
    creator: str = Field(max_length=63)
    ordered_at: datetime = Field(sa_type=UtcDateTime)
    final_by: datetime = Field(sa_type=UtcDateTime)


class LabelSourceRow(ControllerTable, table=True):
    """Where labels of a service are read from; `key` and `label` say which column is what."""

    __tablename__ = "label_sources"
    __table_args__ = (UniqueConstraint("service_id", "name"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    service_id: UUID = Field(foreign_key="services.id", ondelete="CASCADE", index=True)
    name: str = Field(max_length=63)
    format: str = Field(max_length=16)
    location: str | None = Field(default=None, max_length=1024)
    root: str | None = Field(default=None, max_length=1024)
    """The folder that a path must not lead out of."""
    query: str | None = None
    secret: str | None = Field(default=None, max_length=63)
    """Name of the secret that holds the URL of the database."""
    growing: str | None = Field(default=None, max_length=256)
    key: dict[str, str] = Field(sa_type=JSON)
    row: str | None = Field(default=None, max_length=256)
    label: Any = Field(sa_type=JSON)
    """A column, or name → column."""
    labelled_at: str | None = Field(default=None, max_length=256)
    schedule: str | None = Field(default=None, max_length=128)
    paused: bool = False
    creator: str = Field(max_length=63)
    created_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)
    revision: int = 1


class MaskingKeyRow(ControllerTable, table=True):
    """The key of a project's hashed columns, sealed under the key that `key_id` names; it outlives the project."""

    __tablename__ = "masking_keys"

    project: str = Field(primary_key=True, max_length=63)
    id: UUID = Field(default_factory=new_id)
    key_id: str = Field(max_length=16)
    sealed: bytes
    created_at: datetime = Field(sa_type=UtcDateTime)
