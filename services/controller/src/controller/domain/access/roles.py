"""Who may do what: roles in projects, and the principal of a request. Deny by default.

A role is held in one project and includes the lesser ones. An administrator of the installation may do everything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from shared.errors import Forbidden, NotFound

DEFAULT_PROJECT = "default"


class Role(StrEnum):
    """What a member may do in a project."""

    VIEWER = "viewer"
    """See everything but secrets."""
    EDITOR = "editor"
    """Publish and operate: services, versions, traffic, keys, debugging."""
    ADMIN = "admin"
    """Decide on members, and see the audit log."""

    def includes(self, other: Role) -> bool:
        """Whether who has this role may do what needs `other`."""
        order = tuple(Role)
        return order.index(self) >= order.index(other)


@dataclass(frozen=True)
class ClaimGrants:
    """What an identity provider's claim grants."""

    is_admin: bool = False
    roles: Mapping[str, Role] = field(default_factory=dict)


@dataclass(frozen=True)
class Principal:
    """Who sends a request; `roles` by project. `token_id` is the token it carries (None: an identity provider's).

    `ends_at` is when that token expires; None: never. `grants` is what an identity provider's token adds, which is
    in `roles` and `is_admin` already.
    """

    name: str
    user_id: UUID
    is_admin: bool = False
    roles: Mapping[str, Role] = field(default_factory=dict)
    token_id: UUID | None = None
    ends_at: datetime | None = None
    grants: ClaimGrants = field(default_factory=ClaimGrants)

    def with_grants(self, granted: ClaimGrants) -> Principal:
        """The same with what an identity provider grants; in each project the greater role counts."""
        roles = {**self.roles}
        for project, role in granted.roles.items():
            roles[project] = role if project not in roles or role.includes(roles[project]) else roles[project]
        return replace(self, is_admin=self.is_admin or granted.is_admin, roles=roles, grants=granted)

    @property
    def projects(self) -> frozenset[str] | None:
        """Projects that the principal may see; None: all of them."""
        return None if self.is_admin else frozenset(self.roles)

    def may_see(self, project: str) -> bool:
        """Whether the principal has any role in `project`."""
        return self.is_admin or project in self.roles

    def may(self, need: Role, project: str) -> bool:
        """Whether the principal has the role `need` in `project`."""
        role = self.roles.get(project)
        return self.is_admin or (role is not None and role.includes(need))

    def require_role(self, need: Role, project: str, missing: str) -> None:
        """Refuse who lacks `need` in `project`: `NotFound(missing)` without any role there, else `Forbidden`."""
        if not self.may_see(project):
            raise NotFound(missing)
        if not self.may(need, project):
            raise Forbidden(f"This needs the role {need} in project {project!r}")

    def require_admin(self) -> None:
        """Refuse everybody but administrators of the installation."""
        if not self.is_admin:
            raise Forbidden("This needs an administrator of the installation")


def grants_from(kept: Mapping[str, Any] | None) -> ClaimGrants:
    """Grants as `kept_grants` wrote them."""
    if kept is None:
        return ClaimGrants()
    return ClaimGrants(kept["is_admin"], {project: Role(role) for project, role in kept["roles"].items()})


def kept_grants(grants: ClaimGrants) -> dict[str, Any] | None:
    """Grants as a session keeps them."""
    return {"is_admin": grants.is_admin, "roles": dict(grants.roles)} if grants != ClaimGrants() else None


def find_claim(claims: Mapping[str, object], name: str) -> object:
    """A claim by its name, or by a path of names: Keycloak's `realm_access.roles`. None where there is none."""
    if name in claims:  # names may hold dots themselves: `https://penstock.example/roles`
        return claims[name]
    first, dot, rest = name.partition(".")
    inner = claims.get(first)
    return find_claim(inner, rest) if dot and isinstance(inner, Mapping) else None


def grants_of_claim(claim: object) -> ClaimGrants:
    """Roles of a claim: a list of `<project>:<role>` and `admin`; whatever it does not know grants nothing."""
    values = claim if isinstance(claim, Iterable) and not isinstance(claim, str | bytes | Mapping) else ()
    roles: dict[str, Role] = {}
    is_admin = False
    for value in values:
        project, _, name = value.rpartition(":") if isinstance(value, str) else ("", "", "")
        is_admin = is_admin or value == "admin"
        if project and name in set(Role):
            roles[project] = max(Role(name), roles.get(project, Role.VIEWER), key=tuple(Role).index)
    return ClaimGrants(is_admin, roles)
