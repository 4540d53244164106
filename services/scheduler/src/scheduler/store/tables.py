"""Tables of the scheduler. Nobody else opens them; Alembic owns their shape."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, BigInteger, false, text
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from shared.bus.outbox import add_tables
from shared.database import UtcDateTime


class SchedulerTable(SQLModel, registry=registry()):
    """Base of the scheduler's tables, on metadata of their own."""


class LeaseRow(SchedulerTable, table=True):
    """Who leads. There is one row; `epoch` grows with every change of leader, `beat` while one leads."""

    __tablename__ = "lease"

    id: int = Field(default=1, primary_key=True)
    epoch: int = Field(sa_type=BigInteger)
    beat: int = Field(default=0, sa_type=BigInteger)
    holder: str = Field(max_length=255)


TRUSTED_CONTROLLER, REFUSED_CONTROLLER = 1, 2


class ControllerRow(SchedulerTable, table=True):
    """Which database the controller had when its list was last believed (1), and last not believed (2)."""

    __tablename__ = "controller"

    id: int = Field(primary_key=True)
    store: UUID


class DeploymentRow(SchedulerTable, table=True):
    """One version: its newest intent, its outcome, and its published endpoints.

    `deployment` is None and `deleted` says why (`event`, `absence`) once the version is gone; such a row stays, so that
    a late repeat of an older event does not bring it back. `scale` is what the autoscaler wants, where there is one.
    `…_announced` are the generations whose outcome was told.
    """

    __tablename__ = "deployments"

    version_id: UUID = Field(primary_key=True)
    service_id: UUID
    service: str = Field(max_length=63)
    version: str = Field(max_length=63)
    generation: int
    desired_replicas: int
    scale: int | None = None
    deployment: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    deleted: str | None = Field(default=None, max_length=16)
    trying_since: datetime = Field(sa_type=UtcDateTime)
    was_ready: bool = False
    failed_loads: int = 0
    last_end: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    failure: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    ready_announced: int = 0
    failed_announced: int = 0
    rollover: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    rollover_failed_announced: int = 0
    drained_announced: int = 0
    endpoints: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    endpoints_revision: int = Field(default=0, sa_type=BigInteger)

    @property
    def replicas(self) -> int:
        """Pods wanted now: the autoscaler's number while the version is wanted at all."""
        return self.scale if self.scale is not None and self.desired_replicas else self.desired_replicas


class PodRow(SchedulerTable, table=True):
    """One pod, as last observed. `ended_run`: the last run whose end was published."""

    __tablename__ = "pods"

    name: str = Field(primary_key=True, max_length=160)
    version_id: UUID = Field(index=True)
    generation: int
    node: str = Field(max_length=255)
    """Machine, or node of a resource group; empty while the pod waits for room."""
    status: str = Field(max_length=16)
    reason: str | None = None
    ready: bool = False
    run: int = 0
    restarts: int = 0
    ended_run: int = -1
    address: str | None = Field(default=None, max_length=255)
    pid: int | None = None
    image: str | None = Field(default=None, max_length=1024)
    """Of its owner's, by its digest; None: one of the platform's own."""
    started_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    last_exit: str | None = None
    is_limited: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    report_run: int = Field(default=-1, sa_column_kwargs={"server_default": text("-1")})
    report_revision: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    """The run and the revision of the report that was published last."""
    timeline: dict[str, Any] | None = Field(default=None, sa_type=JSON(none_as_null=True))
    """Start of its newest run, phase by phase; None where it was made before that was kept."""


class ResourceNodeRow(SchedulerTable, table=True):
    """Newest intent for one node of a resource group; `node` is None once it was released, and such a row stays."""

    __tablename__ = "nodes"

    id: UUID = Field(primary_key=True)
    generation: int
    node: dict[str, Any] | None = Field(default=None, sa_type=JSON)


class LogPositionRow(SchedulerTable, table=True):
    """How far a pod's output has been sent on. Outlives the pod until all of it was."""

    __tablename__ = "log_positions"

    pod: str = Field(primary_key=True, max_length=160)
    version_id: UUID
    service: str = Field(max_length=63)
    version: str = Field(max_length=63)
    run: int = 0
    byte_offset: int = Field(default=0, sa_type=BigInteger)


class RunRow(SchedulerTable, table=True):
    """One run of a pod, for metering. `alive_at`: when it was last seen, where its end never is. Kept for a month."""

    __tablename__ = "runs"

    version_id: UUID = Field(primary_key=True)
    pod: str = Field(primary_key=True, max_length=160)
    run: int = Field(primary_key=True)
    facts: dict[str, Any] = Field(sa_type=JSON)
    """Whose it is and what it runs with: a `PodRun` without its times."""
    started_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    is_exact: bool = True
    alive_at: datetime = Field(sa_type=UtcDateTime)


class JobRow(SchedulerTable, table=True):
    """One supervised job: what was ordered, and how it was last seen."""

    __tablename__ = "jobs"

    id: UUID = Field(primary_key=True)
    service: str = Field(max_length=63)
    order: dict[str, Any] = Field(sa_type=JSON)
    state: dict[str, Any] = Field(sa_type=JSON)
    is_cancelled: bool = False
    ordered_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)


add_tables(SchedulerTable.metadata)
