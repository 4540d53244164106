"""What can be asked about people: projects, members, users, tokens, the audit log. Nothing is sent here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from penstock.client.requests.base import Listing, Request, between, given, if_match, nothing, path, post
from penstock.client.types import Json


def projects(*, page_size: int = 100) -> Listing[Json]:
    """Projects of whoever asks, by name."""
    return Listing("GET", "/projects", {"page_size": page_size})


def create_project(name: str, *, description: str = "") -> Request[Json]:
    """Create a project."""
    return post("/projects", {"name": name, "description": description})


def project(name: str) -> Request[Json]:
    """One project, and the role in it of whoever asks."""
    return Request("GET", path("projects", name))


def edit_project(name: str, changes: Mapping[str, Any], *, revision: int | None = None) -> Request[Json]:
    """Change the given fields of a project."""
    return Request("PATCH", path("projects", name), json=changes, headers=if_match(revision))


def delete_project(name: str, *, revision: int | None = None) -> Request[None]:
    """Remove a project that has nothing left in it."""
    return Request("DELETE", path("projects", name), headers=if_match(revision), read=nothing)


def members(project: str) -> Listing[Json]:
    """Who has which role in a project."""
    return Listing("GET", path("projects", project, "members"))


def set_member(project: str, user: str, role: str) -> Request[Json]:
    """Give a user the role `viewer`, `editor` or `admin` in a project."""
    return Request("PUT", path("projects", project, "members", user), json={"role": role})


def remove_member(project: str, user: str) -> Request[None]:
    """End a membership."""
    return Request("DELETE", path("projects", project, "members", user), read=nothing)


def users(*, page_size: int = 100) -> Listing[Json]:
    """Users, oldest first."""
    return Listing("GET", "/users", {"page_size": page_size})


def user(name: str = "me") -> Request[Json]:
    """One user; `me` is whoever asks."""
    return Request("GET", path("users", name))


def create_user(
    name: str, *, description: str = "", is_admin: bool = False, issuer: str | None = None, subject: str | None = None
) -> Request[Json]:
    """Create a user; `issuer` and `subject`: who that is at the OpenID provider."""
    at_provider = given(issuer=issuer, subject=subject)
    return post("/users", {"name": name, "description": description, "is_admin": is_admin, **at_provider})


def edit_user(name: str, changes: Mapping[str, Any], *, revision: int | None = None) -> Request[Json]:
    """Change the given fields of a user."""
    return Request("PATCH", path("users", name), json=changes, headers=if_match(revision))


def delete_user(name: str, *, revision: int | None = None) -> Request[None]:
    """Remove a user with their tokens and memberships."""
    return Request("DELETE", path("users", name), headers=if_match(revision), read=nothing)


def create_sign_in_link() -> Request[Json]:
    """A link that signs in once, within ten minutes, in whatever browser opens it: its `url`."""
    return post("/session/links")


def sign_in_options() -> Request[Json]:
    """How one can sign in to the console besides by token and link."""
    return Request("GET", "/session/options")


def end_sessions() -> Request[None]:
    """Sign out of the console in every browser."""
    return Request("DELETE", "/session", {"everywhere": "true"}, read=nothing)


def tokens(*, user: str = "me") -> Listing[Json]:
    """Tokens of a user, newest first, without their secrets."""
    return Listing("GET", "/tokens", {"user": user})


def create_token(name: str, *, user: str | None = None, expires_at: str | None = None) -> Request[Json]:
    """Issue a token; its `token` is shown this once."""
    return post("/tokens", {"name": name, **given(user=user, expires_at=expires_at)})


def revoke_token(token_id: str) -> Request[None]:
    """Make a token open nothing."""
    return Request("DELETE", path("tokens", token_id), read=nothing)


def audit(
    *,
    project: str | None = None,
    actor: str | None = None,
    resource_kind: str | None = None,
    resource_name: str | None = None,
    from_time: str | None = None,
    to_time: str | None = None,
    page_size: int = 100,
) -> Listing[Json]:
    """Who changed what, newest first."""
    wanted = given(project=project, actor=actor, resource_kind=resource_kind, resource_name=resource_name)
    return Listing("GET", "/audit", {**wanted, **given(**between(from_time, to_time)), "page_size": page_size})
