"""What can be asked about resource groups and their nodes. Nothing is sent here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from penstock.client.requests.base import Listing, Request, given, if_match, nothing, path, post
from penstock.client.types import Json


def capacity() -> Request[Json]:
    """Room for pods: `pools` with their `capacity`, what of it is `free`, whose pods hold it; the `backends`."""
    return Request("GET", "/capacity")


def groups(*, project: str | None = None, search: str | None = None, page_size: int = 100) -> Listing[Json]:
    """Resource groups, by name."""
    return Listing("GET", "/resource-groups", given(project=project, search=search, page_size=page_size))


def group(name: str) -> Request[Json]:
    """One group: its projects, the service that it is bound to, what its nodes have together."""
    return Request("GET", path("resource-groups", name))


def create_group(body: Mapping[str, Any]) -> Request[Json]:
    """Create a group without nodes: `name`, `description`, `tags`, `projects`, `backend`."""
    return post("/resource-groups", body)


def edit_group(name: str, changes: Mapping[str, Any], *, revision: int | None = None) -> Request[Json]:
    """Change the given fields; with `revision` only if the group is still that one."""
    return Request("PATCH", path("resource-groups", name), json=changes, headers=if_match(revision))


def delete_group(name: str, *, revision: int | None = None) -> Request[None]:
    """Remove a group that has no nodes and that no version names."""
    return Request("DELETE", path("resource-groups", name), headers=if_match(revision), read=nothing)


def grant_group(name: str, project: str) -> Request[None]:
    """Let services of a project use the group."""
    return Request("PUT", path("resource-groups", name, "projects", project), read=nothing)


def revoke_group(name: str, project: str) -> Request[None]:
    """Let them use it no more."""
    return Request("DELETE", path("resource-groups", name, "projects", project), read=nothing)


def nodes(group: str) -> Listing[Json]:
    """Nodes of a group, by name."""
    return Listing("GET", path("resource-groups", group, "nodes"))


def node(group: str, name: str) -> Request[Json]:
    """One node: what it has, what its pods ask for, how it is doing."""
    return Request("GET", path("resource-groups", group, "nodes", name))


def add_node(group: str, body: Mapping[str, Any]) -> Request[Json]:
    """Reserve a share of the machine: `name`, `cpu`, `memory_gb`, `gpu`, `expires_at`, `console_url`."""
    return post(path("resource-groups", group, "nodes"), body)


def edit_node(group: str, name: str, changes: Mapping[str, Any], *, revision: int | None = None) -> Request[Json]:
    """Change the given fields of a node: `billing_mode`, `console_url`."""
    where = path("resource-groups", group, "nodes", name)
    return Request("PATCH", where, json=changes, headers=if_match(revision))


def isolate_node(group: str, name: str) -> Request[Json]:
    """No new pods; those that are there stay."""
    return post(path("resource-groups", group, "nodes", name, "isolate"))


def resume_node(group: str, name: str) -> Request[Json]:
    """Let pods come again."""
    return post(path("resource-groups", group, "nodes", name, "resume"))


def drain_node(group: str, name: str, *, force: bool = False) -> Request[Json]:
    """Have its pods leave: each once another one stands in for it, or at once."""
    return post(path("resource-groups", group, "nodes", name, "drain"), {"force": force})


def release_node(group: str, name: str, *, force: bool = False) -> Request[Json]:
    """Drain it; once there is no pod on it, it is gone."""
    return post(path("resource-groups", group, "nodes", name, "release"), {"force": force})


def renew_node(group: str, name: str, expires_at: str | None) -> Request[Json]:
    """Keep it until then; None: for good."""
    return post(path("resource-groups", group, "nodes", name, "renew"), {"expires_at": expires_at})


def move_node(group: str, name: str, to: str) -> Request[Json]:
    """Hand a node without pods to another group."""
    return post(path("resource-groups", group, "nodes", name, "move"), {"group": to})
