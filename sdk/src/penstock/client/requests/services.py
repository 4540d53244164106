"""What can be asked about services: versions, traffic, keys, pods, predictions. Nothing is sent here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from penstock.client.requests.base import UNSET, Listing, Request, Unset, given, if_match, nothing, path, post
from penstock.client.types import ExecTicket, Json, Key, Pod, Restart, Service, TerminalState, Traffic, Version


def services(
    *,
    project: str | None = None,
    type: str | None = None,  # noqa: A002 - the field's own name
    status: str | None = None,
    creator: str | None = None,
    search: str | None = None,
    tag: str | None = None,
    sort: str | None = None,
    page_size: int = 100,
) -> Listing[Service]:
    """Services, newest first unless `sort` is `created_at`; `tag`: `key:value`, or `key` with any value."""
    wanted = given(project=project, type=type, status=status, creator=creator, search=search, tag=tag, sort=sort)
    return Listing("GET", "/services", {**wanted, "page_size": page_size})


def service(name: str) -> Request[Service]:
    """One service with its versions."""
    return Request("GET", path("services", name))


def create_service(body: Mapping[str, Any]) -> Request[Service]:
    """Create a service, with its first version where the body has one."""
    return post(path("services"), body)


def edit_service(name: str, changes: Mapping[str, Any], *, revision: int | None = None) -> Request[Service]:
    """Change the given fields; with `revision` only if the service is still that one."""
    return Request("PATCH", path("services", name), json=changes, headers=if_match(revision))


def start_service(name: str, *, revision: int | None = None) -> Request[Service]:
    """Start the versions that the last stop ended (at first: the newest)."""
    return post(path("services", name, "start"), revision=revision)


def stop_service(name: str, *, revision: int | None = None) -> Request[Service]:
    """Stop every version."""
    return post(path("services", name, "stop"), revision=revision)


def restart_service(name: str, *, revision: int | None = None) -> Request[Service]:
    """Replace every pod of its active versions, one after the other; no request fails."""
    return post(path("services", name, "restart"), revision=revision)


def delete_service(name: str, *, purge_tables: bool = False, revision: int | None = None) -> Request[None]:
    """Remove a stopped service for good."""
    purge = {"purge_tables": str(purge_tables).lower()}
    return Request("DELETE", path("services", name), purge, headers=if_match(revision), read=nothing)


def versions(service: str, *, page_size: int = 100) -> Listing[Version]:
    """Versions of a service, oldest first."""
    return Listing("GET", path("services", service, "versions"), {"page_size": page_size})


def version(service: str, version: str) -> Request[Version]:
    """One version: its status, and the reason where it failed."""
    return Request("GET", path("services", service, "versions", version))


def create_version(service: str, body: Mapping[str, Any]) -> Request[Version]:
    """Add a version; `start` in the body starts it with its `traffic_weight`."""
    return post(path("services", service, "versions"), body)


def edit_version(
    service: str, version: str, changes: Mapping[str, Any], *, revision: int | None = None
) -> Request[Version]:
    """Change the given fields; a running version rolls over. With `revision` only if it is still that one."""
    where = path("services", service, "versions", version)
    return Request("PATCH", where, json=changes, headers=if_match(revision))


def start_version(
    service: str, version: str, *, traffic_weight: int | None = None, revision: int | None = None
) -> Request[Version]:
    """Start a version, with the share that it was created with unless told otherwise."""
    where = path("services", service, "versions", version, "start")
    return post(where, given(traffic_weight=traffic_weight), revision=revision)


def stop_version(
    service: str, version: str, *, weights: Mapping[str, int] | None = None, revision: int | None = None
) -> Request[Version]:
    """Stop a version; the others share the traffic as `weights` say, else those with a weight take its share."""
    where = path("services", service, "versions", version, "stop")
    return post(where, given(weights=None if weights is None else dict(weights)), revision=revision)


def restart_version(service: str, version: str, *, revision: int | None = None) -> Request[Version]:
    """Replace every pod of an active version, one after the other; no request fails."""
    return post(path("services", service, "versions", version, "restart"), revision=revision)


def delete_version(service: str, version: str, *, revision: int | None = None) -> Request[None]:
    """Remove a version of which nothing runs, for good."""
    where = path("services", service, "versions", version)
    return Request("DELETE", where, headers=if_match(revision), read=nothing)


def traffic(service: str) -> Request[Traffic]:
    """The split, as asked for and as it is."""
    return Request("GET", path("services", service, "traffic"))


def set_traffic(
    service: str,
    weights: Mapping[str, int],
    *,
    fallback: str | Unset | None = UNSET,
    revision: int | None = None,
) -> Request[Traffic]:
    """Set the split over the active versions; the weights sum to 100. With `revision` only if it is still that one.

    `fallback`: the version that answers while none with a weight has a ready pod; None: none; not given: as it was.
    """
    body: Json = {"weights": dict(weights)}
    if not isinstance(fallback, Unset):
        body["fallback"] = fallback
    return Request("PUT", path("services", service, "traffic"), json=body, headers=if_match(revision))


def keys(service: str, *, page_size: int = 100) -> Listing[Key]:
    """API keys of a service, newest first, without their secrets."""
    return Listing("GET", path("services", service, "keys"), {"page_size": page_size})


def create_key(
    service: str, name: str, *, expires_at: str | None = None, scopes: Sequence[str] | None = None
) -> Request[Key]:
    """Issue an API key; its `key` is shown this once. `scopes`: what it opens; None: all of them."""
    limits = given(expires_at=expires_at, scopes=None if scopes is None else list(scopes))
    return post(path("services", service, "keys"), {"name": name, **limits})


def rotate_key(service: str, key_id: str, *, grace_s: int | None = None, expires_at: str | None = None) -> Request[Key]:
    """Issue a successor; the old key, by id or name, lives until it is revoked, or for `grace_s` seconds."""
    return post(path("services", service, "keys", key_id, "rotate"), given(grace_s=grace_s, expires_at=expires_at))


def revoke_key(service: str, key_id: str) -> Request[None]:
    """Make a key, by id or name, open nothing."""
    return Request("DELETE", path("services", service, "keys", key_id), read=nothing)


def pods(service: str, version: str) -> Listing[Pod]:
    """Pods of a version, as they are now."""
    return Listing("GET", path("services", service, "versions", version, "pods"))


def restart_pod(service: str, version: str, pod: str) -> Request[Restart]:
    """Restart one pod by force; the others carry the traffic."""
    return post(path("services", service, "versions", version, "pods", pod, "restart"))


def pod_terminal(service: str, version: str, pod: str) -> Request[TerminalState]:
    """Whether a session can be opened in a pod, and why not."""
    return Request("GET", path("services", service, "versions", version, "pods", pod, "terminal"))


def create_exec_ticket(
    service: str,
    version: str,
    pod: str,
    command: Sequence[str] = (),
    *,
    tty: bool = True,
    rows: int = 24,
    columns: int = 80,
) -> Request[ExecTicket]:
    """Get a ticket for one session inside a pod; it is good once, for 30 seconds. Without a command: a shell."""
    body = {"command": list(command), "tty": tty, "rows": rows, "columns": columns}
    return post(path("services", service, "versions", version, "pods", pod, "exec-tickets"), body)


def predict(
    url: str, key: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], request_id: str
) -> Request[list[Any]]:
    """Score rows at a service's URL, under a `client_request_id` of the caller's."""
    body = {
        "dataframe_split": {"columns": list(columns), "data": [list(row) for row in rows]},
        "client_request_id": request_id,
    }
    return Request("POST", "", json=body, url=url, token=key, read=lambda answer: list(answer["predictions"]))
