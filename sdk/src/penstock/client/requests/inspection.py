"""What can be found out: the history of a version, what an update would do, how a pod started, one request whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from penstock.client.requests import services as service_requests
from penstock.client.requests.base import UNSET, Listing, Request, Unset, path
from penstock.client.types import HistoryEntry, PodTimeline, RecordedRequest, UpdatePreview


def history(service: str, version: str, *, page_size: int = 100) -> Listing[HistoryEntry]:
    """Changes of a version, newest first: who, what, before and after."""
    return Listing("GET", path("services", service, "versions", version, "history"), {"page_size": page_size})


def preview_version_edit(
    service: str, version: str, changes: Mapping[str, Any], *, revision: int | None = None
) -> Request[UpdatePreview]:
    """What `edit_version` would change, and whether pods are replaced; refused as that is, and nothing is stored."""
    return _dry_run(service_requests.edit_version(service, version, changes, revision=revision))


def preview_service_edit(
    name: str, changes: Mapping[str, Any], *, revision: int | None = None
) -> Request[UpdatePreview]:
    """What `edit_service` would change, likewise."""
    return _dry_run(service_requests.edit_service(name, changes, revision=revision))


def preview_traffic(
    service: str,
    weights: Mapping[str, int],
    *,
    fallback: str | Unset | None = UNSET,
    revision: int | None = None,
) -> Request[UpdatePreview]:
    """What `set_traffic` would change, with the weights that routers would have."""
    return _dry_run(service_requests.set_traffic(service, weights, fallback=fallback, revision=revision))


def pod_timeline(service: str, version: str, pod: str) -> Request[PodTimeline]:
    """How the newest start of a pod went, phase by phase."""
    return Request("GET", path("services", service, "versions", version, "pods", pod, "timeline"))


def request(service: str, request_id: str) -> Request[RecordedRequest]:
    """One recorded request: its row of the payload table, and what was printed for it."""
    return Request("GET", path("services", service, "requests", request_id))


def _dry_run(request: Request[Any]) -> Request[UpdatePreview]:
    return Request(request.method, request.path, {"dry_run": "true"}, request.json, request.headers)
