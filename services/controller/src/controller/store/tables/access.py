"""Projects, people, and what lets them in."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, UniqueConstraint
from sqlmodel import Field

from controller.store.tables.base import ControllerTable
from shared.database import UtcDateTime
from shared.ids import new_id


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
