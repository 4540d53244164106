"""What can be asked of the control plane: each request is a small value, made by one function; nothing is sent here."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from penstock.client.types import (
    Json,
    Key,
    Model,
    Pod,
    Restart,
    Service,
    Traffic,
    Version,
)

Answer = TypeVar("Answer")


class Unset(Enum):
    """The default of an argument that leaves a field as it is, where None says something of its own."""

    UNSET = "as it is"


UNSET = Unset.UNSET


def _identity(body: Any) -> Any:
    return body


@dataclass(frozen=True)
class Request(Generic[Answer]):
    """One request; `url` replaces the control plane's address and `token` its token."""

    method: str
    path: str
    params: Mapping[str, Any] = field(default_factory=dict)
    json: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    url: str | None = None
    token: str | None = None
    read: Callable[[Any], Answer] = _identity

    @property
    def is_repeatable(self) -> bool:
        """Whether a second one has no second effect: it only reads, or the server knows it again by its key."""
        return self.method == "GET" or "Idempotency-Key" in self.headers


class Listing(Request[Answer]):
    """The first page of a list of `Answer`."""

    def after(self, cursor: str) -> Listing[Answer]:
        """The page that `cursor` begins."""
        return replace(self, params={**self.params, "cursor": cursor})


class Stream(Request[Answer]):
    """Server-sent events, each of them an `Answer`; it ends with the caller, or once the server ends it for good."""

    def since(self, at: str) -> Stream[Answer]:
        """The same from a time on, in place of so many lines before."""
        kept = {name: value for name, value in self.params.items() if name != "lines"}
        return replace(self, params={**kept, "from": at})


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


def models(
    *, search: str | None = None, tag: str | None = None, registry: str | None = None, page_size: int = 50
) -> Listing[Model]:
    """Models registered in MLflow, by name; `registry`: a secret that describes another tracking server."""
    return Listing("GET", "/models", given(search=search, tag=tag, registry=registry, page_size=page_size))


def model(name: str, *, registry: str | None = None) -> Request[Model]:
    """One registered model: versions, aliases, signature."""
    return Request("GET", path("models", name), given(registry=registry))


def model_version(name: str, version: str, *, registry: str | None = None) -> Request[Json]:
    """One version of a model: signature, input example, requirements, where it comes from."""
    return Request("GET", path("models", name, "versions", version), given(registry=registry))


def predict(
    url: str, key: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], request_id: str
) -> Request[list[Any]]:
    """Score rows at a service's URL, under a `client_request_id` of the caller's."""
    body = {
        "dataframe_split": {"columns": list(columns), "data": [list(row) for row in rows]},
        "client_request_id": request_id,
    }
    return Request("POST", "", json=body, url=url, token=key, read=lambda answer: list(answer["predictions"]))


def dead_letters(*, page_size: int = 100) -> Listing[Json]:
    """Messages that a consumer gave up on, oldest first, with the reason."""
    return Listing("GET", "/dead-letters", {"page_size": page_size})


def replay_dead_letter(letter_id: str) -> Request[Json]:
    """Have the consumer that gave up on a message try again; what it raises is the answer."""
    return post(path("dead-letters", letter_id, "replay"))


def health() -> Request[Json]:
    """Whether the control plane answers; needs no token."""
    return Request("GET", "/health")


def post(where: str, body: Mapping[str, Any] | None = None, *, revision: int | None = None) -> Request[Any]:
    """A POST that the server knows again, so that a lost answer can be asked for a second time."""
    headers = {"Idempotency-Key": uuid.uuid4().hex, **if_match(revision)}
    return Request("POST", where, json=dict(body) if body else None, headers=headers)


def if_match(revision: int | None) -> dict[str, str]:
    """The header that makes a change depend on what was read; none for None."""
    return {} if revision is None else {"If-Match": f'"{revision}"'}


def between(from_time: str | None, to_time: str | None) -> dict[str, str | None]:
    """`from` and `to`, ISO-8601 with a zone, as the API names them."""
    return {"from": from_time, "to": to_time}


def path(*parts: str) -> str:
    """A path of these segments, each of them quoted."""
    return "".join(f"/{quote(part, safe='')}" for part in parts)


def given(**values: Any) -> Json:
    """The values that are not None."""
    return {name: value for name, value in values.items() if value is not None}


def nothing(_: Any) -> None:
    """What a 204 holds."""
