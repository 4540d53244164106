"""Services and their versions."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, UniqueConstraint, false
from sqlmodel import Field

from controller.store.tables.base import ControllerTable
from shared.contracts.routes import DEFAULT_BODY_BYTES
from shared.database import UtcDateTime
from shared.ids import new_id


class ServiceRow(ControllerTable, table=True):
    """A service. `revision` is its ETag, `traffic_revision` counts changes of the split alone; `next_version` numbers
    versions and never goes back.

    `fallback` names the version that answers while none with a weight has a ready pod.
    """

    __tablename__ = "services"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    name: str = Field(unique=True, max_length=63)
    type: str = Field(max_length=16)
    description: str = ""
    project: str = Field(default="default", max_length=63, index=True)
    tags: dict[str, str] = Field(default_factory=dict, sa_type=JSON)
    auth_enabled: bool = True
    sticky_header: str | None = None
    cohort: str | None = Field(default=None, max_length=64)
    """Id of the canary that last began: in a sticky split, other callers come first with each."""
    cors: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    max_body_bytes: int = DEFAULT_BODY_BYTES
    fallback: str | None = Field(default=None, max_length=63)
    creator: str = Field(max_length=63)
    created_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)
    revision: int = 1
    traffic_revision: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    next_version: int = 1


class VersionRow(ControllerTable, table=True):
    """A version: its configuration, what is wanted of it, and its share.

    It is made from a registered model (`model`, `model_version` and what stands beside them) or from an image: then
    `image` is an `ImageSource`, and they are null. `model_registry`: the secret that describes where the model comes
    from; None: the platform's own tracking server. `follow`: the alias is watched. `run_id`, `model_id` and
    `model_digest` say where the model comes from.
    `resources` is what `spec` said when it was chosen. With `autoscaling` the load decides on the number of pods, and
    `replicas` is how many it starts with. `asked_weight` is what it gets when it starts beside another; `weight` is its
    stored share now. `resumes` marks the versions that a stop of the whole service ended, so that its start brings back
    the same ones. `last_good` is the configuration that last had all its pods ready, `rolled_back` which one after it
    was given up and why: told until the next change, known until another one is asked for. `restart` is the generation
    at which all its pods were last to be replaced.
    """

    __tablename__ = "versions"
    __table_args__ = (UniqueConstraint("service_id", "name"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    service_id: UUID = Field(foreign_key="services.id", ondelete="CASCADE", index=True)
    name: str = Field(max_length=63)
    description: str = ""
    model: str | None = Field(default=None, max_length=255)
    model_registry: str | None = Field(default=None, max_length=63)
    model_version: str | None = Field(default=None, max_length=16)
    image: dict[str, Any] | None = Field(default=None, sa_type=JSON(none_as_null=True))
    alias: str | None = Field(default=None, max_length=255)
    follow: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    run_id: str | None = Field(default=None, max_length=64)
    model_id: str | None = Field(default=None, max_length=64)
    model_digest: str | None = Field(default=None, max_length=80)
    spec: str = Field(max_length=64, index=True)
    resources: dict[str, Any] = Field(sa_type=JSON)
    resource_group: str | None = Field(default=None, max_length=63, index=True)
    replicas: int
    autoscaling: dict[str, Any] | None = Field(default=None, sa_type=JSON(none_as_null=True))
    asked_weight: int = 0
    weight: int = 0
    rate_limit: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    request_timeout_ms: int
    max_concurrency: int | None = None
    log_delivery: dict[str, Any] = Field(sa_type=JSON)
    runtime: dict[str, Any] = Field(sa_type=JSON)
    env: dict[str, Any] | None = Field(default=None, sa_type=JSON(none_as_null=True))
    stale_secrets: list[str] | None = Field(default=None, sa_type=JSON(none_as_null=True))
    wanted: str = Field(default="draft", max_length=16)
    generation: int = 0
    restart: int | None = None
    resumes: bool = False
    last_good: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    rolled_back: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    creator: str = Field(max_length=63)
    created_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)
    revision: int = 1


class ObservationRow(ControllerTable, table=True):
    """What the scheduler was last heard to say of a version."""

    __tablename__ = "version_observations"

    version_id: UUID = Field(primary_key=True, foreign_key="versions.id", ondelete="CASCADE")
    generation: int
    phase: str = Field(max_length=16)
    ready_replicas: int = 0
    desired_replicas: int | None = None
    was_ready: bool = False
    reason: str | None = None
    message: str | None = None
    log_tail: list[str] = Field(default_factory=list, sa_type=JSON)
    check: dict[str, Any] | None = Field(default=None, sa_type=JSON, sa_column_kwargs={"name": "publish_check"})
    observed_at: datetime = Field(sa_type=UtcDateTime)


class RevisionRow(ControllerTable, table=True):
    """Last revision written into the route table, so that routers only ever see it grow."""

    __tablename__ = "route_revision"

    id: int = Field(default=1, primary_key=True)
    value: int
