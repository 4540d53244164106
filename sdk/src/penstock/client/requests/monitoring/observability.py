"""What is asked about logs, events and numbers of services."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict, Unpack

from penstock.client.requests.base import Listing, Request, Stream, between, given, path
from penstock.client.types import Charts, Event, Json, LogLine, ServiceSummary


class LineFilter(TypedDict, total=False):
    """Which lines: of a version, of a pod, printed while a request was answered, with a word or a match in them.

    `level`: any of error, warning, info, debug, as the line itself says; `regex`: an expression of RE2.
    """

    version: str | None
    pod: str | None
    search: str | None
    regex: str | None
    level: Sequence[str]
    request_id: str | None


def logs(
    service: str,
    *,
    from_time: str | None = None,
    to_time: str | None = None,
    page_size: int = 100,
    **wanted: Unpack[LineFilter],
) -> Listing[LogLine]:
    """Lines that pods printed, newest first."""
    params = {**_lines(**wanted), "page_size": page_size, **given(**between(from_time, to_time))}
    return Listing("GET", path("services", service, "logs"), params)


def logs_around(service: str, around: str, *, version: str | None = None, lines: int = 20) -> Listing[LogLine]:
    """A line, by its `id`, with `lines` (at most 1000) of its pod before and after it, newest first."""
    wanted = given(version=version, around=around, lines=lines)
    return Listing("GET", path("services", service, "logs"), wanted)


def download_logs(
    service: str, *, from_time: str | None = None, to_time: str | None = None, **wanted: Unpack[LineFilter]
) -> Request[str]:
    """The same lines as text, oldest first: time, pod, line. Of more than 100,000 a last line, `# …`, says so."""
    params = {**_lines(**wanted), **given(**between(from_time, to_time))}
    return Request("GET", path("services", service, "logs", "download"), params)


def follow_logs(
    service: str, *, lines: int | None = None, from_time: str | None = None, **wanted: Unpack[LineFilter]
) -> Stream[LogLine]:
    """Lines as pods print them, after the last `lines` (at most 1000), or all those since `from_time`, of before.

    A connection that is lost is made again, and goes on after the last line.
    """
    more = given(lines=lines, follow="true", **{"from": from_time})
    return Stream("GET", path("services", service, "logs"), {**_lines(**wanted), **more})


def _lines(
    *,
    version: str | None = None,
    pod: str | None = None,
    search: str | None = None,
    regex: str | None = None,
    level: Sequence[str] = (),
    request_id: str | None = None,
) -> Json:
    """A `LineFilter` as parameters; TypeError for what is none."""
    wanted = given(version=version, pod=pod, search=search, regex=regex, request_id=request_id)
    return {**wanted, **given(level=list(level) or None)}


def events(service: str, *, version: str | None = None, page_size: int = 100) -> Listing[Event]:
    """What happened to a service, its versions and pods; last seen first."""
    return Listing("GET", path("services", service, "events"), given(version=version, page_size=page_size))


def metrics(
    service: str,
    metric: str,
    *,
    version: str | None = None,
    pod: str | None = None,
    from_time: str | None = None,
    to_time: str | None = None,
    step: int = 60,
) -> Request[Json]:
    """One metric over time: `unit`, and `series` of `labels` and `points` (time, value), one point a `step` (s)."""
    params = given(metric=metric, version=version, pod=pod, step=step, **between(from_time, to_time))
    return Request("GET", path("services", service, "metrics"), params)


def charts(
    service: str,
    metrics: Sequence[str],
    *,
    by: str = "version",
    version: str | None = None,
    pod: str | None = None,
    from_time: str | None = None,
    to_time: str | None = None,
    step: int | None = None,
) -> Request[Charts]:
    """Several metrics at once, `by` version, pod or none: series of equal length, None where there is a gap.

    `step`: 10 for the last hour, else a multiple of 60 (s); by default what fits the range.
    """
    params = given(metrics=",".join(metrics), by=by, version=version, pod=pod, step=step, **between(from_time, to_time))
    return Request("GET", path("services", service, "charts"), params)


def service_summaries(names: Sequence[str] = ()) -> Request[list[ServiceSummary]]:
    """Requests/s, errors/s, p99 and the last 15 minutes of these services (at most 100); by default of the newest."""
    return Request("GET", "/service-summaries", given(name=list(names) or None), read=lambda body: list(body["items"]))
