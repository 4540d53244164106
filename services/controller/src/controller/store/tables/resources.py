"""Resources: specs, groups of nodes, and what ran on them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import JSON, BigInteger, Index
from sqlmodel import Field

from controller.store.tables.base import ControllerTable
from shared.database import UtcDateTime
from shared.ids import new_id


class SpecRow(ControllerTable, table=True):
    """A named size of a pod."""

    __tablename__ = "resource_specs"

    name: str = Field(primary_key=True, max_length=63)
    description: str = ""
    cpu: float
    memory_gb: float
    gpu: int = 0
    gpu_kind: str | None = Field(default=None, max_length=64)
    price_per_hour: float = 0.0
    created_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)
    revision: int = 1


class GroupRow(ControllerTable, table=True):
    """A resource group; the service that it is bound to is the one whose versions name it.

    `backend`: what runs its pods; None: the scheduler's default.
    """

    __tablename__ = "resource_groups"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    name: str = Field(unique=True, max_length=63)
    description: str = ""
    tags: dict[str, str] = Field(default_factory=dict, sa_type=JSON)
    backend: str | None = Field(default=None, max_length=16)
    creator: str = Field(max_length=63)
    created_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)
    revision: int = 1


class GroupProjectRow(ControllerTable, table=True):
    """Services of this project may use this group."""

    __tablename__ = "resource_group_projects"

    group_id: UUID = Field(primary_key=True, foreign_key="resource_groups.id", ondelete="CASCADE")
    project: str = Field(primary_key=True, foreign_key="projects.name", ondelete="CASCADE", max_length=63, index=True)
    created_at: datetime = Field(sa_type=UtcDateTime)


class NodeRow(ControllerTable, table=True):
    """A node of a resource group: a share of `machine`. `generation` counts what the scheduler was told.

    `phase` is what was asked of it, `is_forced` whether its pods end at once, `is_warned` whether it was said that it
    expires soon.
    """

    __tablename__ = "nodes"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    group_id: UUID = Field(foreign_key="resource_groups.id", index=True)
    name: str = Field(unique=True, max_length=63)
    machine: str = Field(max_length=255)
    cpu: float
    memory_gb: float
    gpu: int = 0
    billing_mode: str = Field(max_length=16)
    console_url: str | None = None
    phase: str = Field(default="active", max_length=16)
    is_forced: bool = False
    is_expired: bool = False
    is_warned: bool = False
    generation: int = 1
    expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    joined_at: datetime = Field(sa_type=UtcDateTime)
    creator: str = Field(max_length=63)
    created_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)
    revision: int = 1


class PodRunRow(ControllerTable, table=True):
    """One run of a pod, for metering; it outlives its service. Times are milliseconds since 1970: sums are exact.

    `price`: of one pod for one hour, as it was when the run was first told of. `alive_ms`: when it was last told to be
    open. `is_exact` is False where nobody saw the end.
    """

    __tablename__ = "pod_runs"
    __table_args__ = (Index("ix_pod_runs_times", "started_ms", "ended_ms"),)

    version_id: UUID = Field(primary_key=True)
    pod: str = Field(primary_key=True, max_length=160)
    run: int = Field(primary_key=True)
    service_id: UUID
    service: str = Field(max_length=63, index=True)
    version: str = Field(max_length=63)
    project: str = Field(max_length=63, index=True)
    spec: str = Field(max_length=64)
    resource_group: str | None = Field(default=None, max_length=63)
    node: str = Field(max_length=255)
    cpu: float
    memory_gb: float
    gpu: int
    price: float
    started_ms: int = Field(sa_type=BigInteger)
    ended_ms: int | None = Field(default=None, sa_type=BigInteger, index=True)
    is_exact: bool = True
    alive_ms: int = Field(sa_type=BigInteger)
