"""Canaries: a version takes over step by step, as long as it is no worse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict, Unpack

from penstock.client.requests.base import Listing, Request, if_match, path, post
from penstock.client.types import Json


class CanaryPlanFields(TypedDict, total=False):
    """How a canary goes and what it is judged by; the names are the API's, durations ISO-8601 or seconds."""

    steps: Sequence[int]
    guardrails: Sequence[Mapping[str, Any]]
    alpha: float
    hard_stop: Mapping[str, Any] | None
    preflight: Mapping[str, Any] | None
    step_requests: int
    step_duration: str | float
    min_requests: int
    min_duration: str | float
    time_limit: str | float
    waiting_limit: str | float
    warm_up: str | float
    baseline_window: str | float
    baseline_requests: int
    stop_previous_after: str | float | None
    stop_when_rolled_back: bool


def start_canary(service: str, version: str, **plan: Unpack[CanaryPlanFields]) -> Request[Json]:
    """Begin a canary of a version; what the plan leaves out has its default."""
    return post(path("services", service, "canaries"), {"version": version, **plan})


def canaries(service: str, *, page_size: int = 100) -> Listing[Json]:
    """Canaries of a service, newest first."""
    return Listing("GET", path("services", service, "canaries"), {"page_size": page_size})


def canary(service: str, identity: str) -> Request[Json]:
    """One canary with the figures of each step."""
    return Request("GET", path("services", service, "canaries", identity))


def abort_canary(service: str, identity: str, *, revision: int | None = None) -> Request[Json]:
    """End a canary: its traffic goes back to the stable version."""
    where = post(path("services", service, "canaries", identity, "abort"), None)
    return Request("POST", where.path, headers={**where.headers, **if_match(revision)})


def promote_canary(service: str, identity: str, *, revision: int | None = None) -> Request[Json]:
    """Give a canary all of the traffic now, whatever the verdict."""
    where = post(path("services", service, "canaries", identity, "promote"), None)
    return Request("POST", where.path, headers={**where.headers, **if_match(revision)})
