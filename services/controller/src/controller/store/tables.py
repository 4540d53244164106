"""Tables of the controller. Nobody else opens them; Alembic owns their shape."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, BigInteger, Index, UniqueConstraint, false
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from shared.bus.outbox import add_tables
from shared.contracts.routes import DEFAULT_BODY_BYTES
from shared.database import UtcDateTime
from shared.ids import new_id


class ControllerTable(SQLModel, registry=registry()):
    """Base of the controller's tables, on metadata of their own."""


class ServiceRow(ControllerTable, table=True):
    """A service. `revision` is its ETag; `next_version` numbers versions and never goes back.

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
    cors: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    max_body_bytes: int = DEFAULT_BODY_BYTES
    fallback: str | None = Field(default=None, max_length=63)
    creator: str = Field(max_length=63)
    created_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)
    revision: int = 1
    next_version: int = 1


class VersionRow(ControllerTable, table=True):
    """A version: its configuration, what is wanted of it, and its share.

    `model_registry`: the secret that describes where the model comes from; None: the platform's own tracking server.
    `follow`: the alias is watched. `run_id`, `model_id` and `model_digest` say where the model comes from.
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
    model: str = Field(max_length=255)
    model_registry: str | None = Field(default=None, max_length=63)
    model_version: str = Field(max_length=16)
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


class ApiKeyRow(ControllerTable, table=True):
    """An API key, as its hash. Revoked ones stay, for those who ask later which key it was.

    No `scopes`: all of them.
    """

    __tablename__ = "api_keys"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    service_id: UUID = Field(foreign_key="services.id", ondelete="CASCADE", index=True)
    name: str = Field(max_length=63)
    prefix: str = Field(max_length=16)
    sha256: str = Field(max_length=64, unique=True)
    expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    scopes: list[str] | None = Field(default=None, sa_type=JSON)
    last_used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    creator: str = Field(max_length=63)
    created_at: datetime = Field(sa_type=UtcDateTime)


class ProjectRow(ControllerTable, table=True):
    """A tenant: what services, secrets and usage belong to."""

    __tablename__ = "projects"

    name: str = Field(primary_key=True, max_length=63)
    description: str = ""
    creator: str = Field(max_length=63)
    created_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)
    revision: int = 1


class UserRow(ControllerTable, table=True):
    """Somebody, or a program; `issuer` and `subject` are the identity provider's words for them, where one is used."""

    __tablename__ = "users"
    __table_args__ = (UniqueConstraint("issuer", "subject"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    name: str = Field(unique=True, max_length=63)
    description: str = ""
    is_admin: bool = False
    is_disabled: bool = False
    issuer: str | None = Field(default=None, max_length=255)
    subject: str | None = Field(default=None, max_length=255)
    created_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)
    revision: int = 1


class MemberRow(ControllerTable, table=True):
    """The role of one user in one project."""

    __tablename__ = "members"

    project: str = Field(primary_key=True, foreign_key="projects.name", ondelete="CASCADE", max_length=63)
    user_id: UUID = Field(primary_key=True, foreign_key="users.id", ondelete="CASCADE", index=True)
    role: str = Field(max_length=16)
    created_at: datetime = Field(sa_type=UtcDateTime)


class TokenRow(ControllerTable, table=True):
    """A token of the control plane, as its hash. Revoked ones stay, for those who ask later which token it was.

    `parent_id`: the token that made this one, which it does not outlive; None for one made before this was kept, by the
    installation itself, or by a token of an identity provider (whose expiry bounds it).
    """

    __tablename__ = "tokens"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    user_id: UUID = Field(foreign_key="users.id", ondelete="CASCADE", index=True)
    parent_id: UUID | None = Field(default=None, index=True)
    name: str = Field(max_length=63)
    sha256: str = Field(max_length=64, unique=True)
    expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    created_at: datetime = Field(sa_type=UtcDateTime)


class SessionRow(ControllerTable, table=True):
    """A session of the console, as the hash of its cookie. `seen_at`: when it was last used, to a minute.

    `token_id`: the token that it was opened with, which it does not outlive; None for one that an identity provider
    opened: `grants` is what its token granted.
    """

    __tablename__ = "sessions"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    user_id: UUID = Field(foreign_key="users.id", ondelete="CASCADE", index=True)
    token_id: UUID | None = None
    grants: dict[str, Any] | None = Field(default=None, sa_type=JSON(none_as_null=True))
    sha256: str = Field(max_length=64, unique=True)
    created_at: datetime = Field(sa_type=UtcDateTime)
    seen_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)


class SignInLinkRow(ControllerTable, table=True):
    """A link that opens one session of the same user, with what its maker had; removed once it is used.

    `session_ends_at`: a session opened by it lives no longer.
    """

    __tablename__ = "sign_in_links"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    user_id: UUID = Field(foreign_key="users.id", ondelete="CASCADE", index=True)
    token_id: UUID | None = None
    grants: dict[str, Any] | None = Field(default=None, sa_type=JSON(none_as_null=True))
    sha256: str = Field(max_length=64, unique=True)
    created_at: datetime = Field(sa_type=UtcDateTime)
    session_ends_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)


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


class SpecRow(ControllerTable, table=True):
    """A named size of a pod."""

    __tablename__ = "resource_specs"

    name: str = Field(primary_key=True, max_length=63)
    description: str = ""
    cpu: float
    memory_gb: float
    gpu: int = 0
    price_per_hour: float = 0.0
    created_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)
    revision: int = 1


class GroupRow(ControllerTable, table=True):
    """A resource group; the service that it is bound to is the one whose versions name it."""

    __tablename__ = "resource_groups"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    name: str = Field(unique=True, max_length=63)
    description: str = ""
    tags: dict[str, str] = Field(default_factory=dict, sa_type=JSON)
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


class AnswerRow(ControllerTable, table=True):
    """The first answer to a POST that carried an `Idempotency-Key`, sealed (it may hold an API key)."""

    __tablename__ = "idempotent_answers"

    id: str = Field(primary_key=True, max_length=64)
    request_sha256: str = Field(max_length=64)
    status_code: int
    sealed: bytes
    created_at: datetime = Field(sa_type=UtcDateTime, index=True)


class RevisionRow(ControllerTable, table=True):
    """Last revision written into the route table, so that routers only ever see it grow."""

    __tablename__ = "route_revision"

    id: int = Field(default=1, primary_key=True)
    value: int


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


add_tables(ControllerTable.metadata)
