"""What can be asked about resources: specs, secrets, destinations, usage; and debugging. Nothing is sent here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict, Unpack

from penstock.client.requests.base import Listing, Request, TextRequest, between, given, if_match, nothing, path, post
from penstock.client.types import Json


class ObjectStore(TypedDict, total=False):
    """How an S3-compatible store is reached: its address, and the name of the secret of kind `s3`."""

    endpoint: str | None
    region: str | None
    path_style: bool | None
    secret: str | None


def specs() -> Listing[Json]:
    """Resource specs, smallest first."""
    return Listing("GET", "/resource-specs")


def spec(name: str) -> Request[Json]:
    """One resource spec."""
    return Request("GET", path("resource-specs", name))


def create_spec(body: Mapping[str, Any]) -> Request[Json]:
    """Add a resource spec: `name`, `cpu`, `memory_gb`, `gpu`, `gpu_kind`, `price_per_hour`."""
    return post("/resource-specs", body)


def edit_spec(name: str, changes: Mapping[str, Any], *, revision: int | None = None) -> Request[Json]:
    """Change the given fields of a spec: its price at any time, its size while no version uses it."""
    return Request("PATCH", path("resource-specs", name), json=changes, headers=if_match(revision))


def delete_spec(name: str, *, revision: int | None = None) -> Request[None]:
    """Remove a spec that no version uses."""
    return Request("DELETE", path("resource-specs", name), headers=if_match(revision), read=nothing)


def secrets(*, page_size: int = 100) -> Listing[Json]:
    """Secrets by name, without their values."""
    return Listing("GET", "/secrets", {"page_size": page_size})


def secret(name: str) -> Request[Json]:
    """One secret: its kind and the names of its fields, never a value."""
    return Request("GET", path("secrets", name))


def create_secret(
    name: str, kind: str, data: Mapping[str, str], *, project: str = "default", description: str = ""
) -> Request[Json]:
    """Keep a secret of a kind such as `mlflow`, `s3`, `webhook`, `http` or `opaque`; its value is never shown again."""
    body = {"name": name, "kind": kind, "data": dict(data), "project": project, "description": description}
    return post("/secrets", body)


def replace_secret(name: str, data: Mapping[str, str], *, revision: int | None = None) -> Request[Json]:
    """Replace the whole value of a secret."""
    return Request("PUT", path("secrets", name), json={"data": dict(data)}, headers=if_match(revision))


def delete_secret(name: str, *, revision: int | None = None) -> Request[None]:
    """Forget a secret for good."""
    return Request("DELETE", path("secrets", name), headers=if_match(revision), read=nothing)


def destinations() -> Listing[Json]:
    """Destinations of inference tables by name, and how each of them does."""
    return Listing("GET", "/destinations")


def destination(name: str) -> Request[Json]:
    """One destination."""
    return Request("GET", path("destinations", name))


def create_destination(
    name: str, url: str, *, project: str | None = None, **store: Unpack[ObjectStore]
) -> Request[Json]:
    """Define a destination: `url`, and how its object store is reached."""
    return post("/destinations", given(name=name, url=url, project=project, **store))


def replace_destination(
    name: str, url: str, *, revision: int | None = None, **store: Unpack[ObjectStore]
) -> Request[Json]:
    """Define a destination anew, all of it."""
    body = given(url=url, **store)
    return Request("PUT", path("destinations", name), json=body, headers=if_match(revision))


def delete_destination(name: str, *, revision: int | None = None) -> Request[None]:
    """Forget a destination that no version uses; its tables stay where they are."""
    return Request("DELETE", path("destinations", name), headers=if_match(revision), read=nothing)


def check_destination(name: str) -> Request[Json]:
    """Write, read and remove an object there, and try conditional writes; `message` says what is wrong."""
    return Request("POST", path("destinations", name, "test"))


def usage(
    *,
    from_time: str | None = None,
    to_time: str | None = None,
    group_by: str = "version",
    grain: str = "month",
    project: str | None = None,
    service: str | None = None,
    page_size: int = 100,
) -> Listing[Json]:
    """Pod time and cost by `version`, `service`, `project`, `pod` or `run` and `month`, `day` or `total`."""
    wanted = _usage(
        from_time=from_time, to_time=to_time, group_by=group_by, grain=grain, project=project, service=service
    )
    return Listing("GET", "/usage", {**wanted, "page_size": page_size})


def usage_csv(
    *,
    from_time: str | None = None,
    to_time: str | None = None,
    group_by: str = "version",
    grain: str = "month",
    project: str | None = None,
    service: str | None = None,
) -> Request[str]:
    """The same, all of it, as CSV (RFC 4180)."""
    wanted = _usage(
        from_time=from_time, to_time=to_time, group_by=group_by, grain=grain, project=project, service=service
    )
    return TextRequest("GET", "/usage", {**wanted, "format": "csv"}, media_type="text/csv")


def debug(service: str, request: Any = None, *, version: str | None = None, log: bool = False) -> Request[Json]:
    """Send one request to any running version, past the split; None: the model's own input example."""
    return post(path("services", service, "debug"), given(version=version, request=request, log=log))


def _usage(
    *, from_time: str | None, to_time: str | None, group_by: str, grain: str, project: str | None, service: str | None
) -> Json:
    wanted = given(**between(from_time, to_time), project=project, service=service)
    return {**wanted, "group_by": group_by, "grain": grain}
