"""Quality rules of services, and the verdicts of their windows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict, Unpack

from penstock.client.requests.base import Listing, Request, TextRequest, between, given, if_match, nothing, path, post
from penstock.client.types import Json


class MonitorFields(TypedDict, total=False):
    """What is computed of which rows, when, and what is too much; the names are the API's."""

    kind: str
    metric: str
    columns: Sequence[str]
    baseline: Mapping[str, Any] | None
    window: str
    slice: str | None
    schedule: str | None
    warning: float | None
    critical: float | None
    min_sample: int | None
    windows: str
    delay: str | None
    outcome: Mapping[str, str]
    alert: str
    paused: bool


def create_monitor(service: str, name: str, **fields: Unpack[MonitorFields]) -> Request[Json]:
    """Define a rule: `kind`, `metric`, and `warning`, `critical`, or both; all else has a default."""
    return post(path("services", service, "monitors"), {"name": name, **fields})


def monitors(service: str) -> Listing[Json]:
    """Rules of a service by name, and how each does."""
    return Listing("GET", path("services", service, "monitors"))


def monitor(service: str, name: str) -> Request[Json]:
    """One rule."""
    return Request("GET", path("services", service, "monitors", name))


def replace_monitor(
    service: str, name: str, *, revision: int | None = None, **fields: Unpack[MonitorFields]
) -> Request[Json]:
    """Define a rule anew, all of it; with `revision` only if it is still that one."""
    where = path("services", service, "monitors", name)
    return Request("PUT", where, json=fields, headers=if_match(revision))


def delete_monitor(service: str, name: str, *, revision: int | None = None) -> Request[None]:
    """Forget a rule with its windows."""
    return Request("DELETE", path("services", service, "monitors", name), headers=if_match(revision), read=nothing)


def run_monitor(service: str, name: str) -> Request[Json]:
    """Have the last closed window computed now, once more where it was already."""
    return post(path("services", service, "monitors", name, "run"))


def monitor_windows(
    service: str,
    name: str,
    *,
    from_time: str | None = None,
    to_time: str | None = None,
    column: str | None = None,
    slice: str | None = None,  # noqa: A002 - the API's word
    state: str | None = None,
    page_size: int = 100,
) -> Listing[Json]:
    """Verdicts of windows, newest first: one for each window, column and slice."""
    params = given(**between(from_time, to_time), column=column, slice=slice, state=state)
    return Listing("GET", path("services", service, "monitors", name, "windows"), {**params, "page_size": page_size})


def monitor_report(service: str, name: str, *, end: str, language: str = "en") -> Request[str]:
    """The report of the window that ends then, one HTML document; `language`: en or zh."""
    where = path("services", service, "monitors", name, "windows", "report")
    return TextRequest("GET", where, {"end": end, "language": language}, media_type="text/html")


def monitor_distribution(
    service: str,
    name: str,
    *,
    end: str,
    column: str,
    slice: str | None = None,  # noqa: A002 - the API's word
) -> Request[Json]:
    """How the values of a column lie in the window that ends then, beside the baseline: shares of bins or of values."""
    where = path("services", service, "monitors", name, "windows", "distribution")
    return Request("GET", where, given(end=end, column=column, slice=slice))
