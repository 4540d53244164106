"""`penstock logs` and `penstock events`."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Annotated

import typer

from penstock.commands.connection import connect
from penstock.commands.output import Format, Output, plain_line, show_all

if TYPE_CHECKING:
    from penstock.client.types import LogLine

Service = Annotated[str, typer.Argument(help="Name of the service.")]
Version = Annotated[str | None, typer.Option("--version", help="Only of this version.")]
Lines = Annotated[int, typer.Option("--lines", "-n", min=1, help="How many at most.")]
From = Annotated[str | None, typer.Option("--from", help="ISO-8601 with a zone.")]
To = Annotated[str | None, typer.Option("--to", help="ISO-8601 with a zone; now otherwise.")]
COLUMNS = ("last_seen", "level", "resource_kind", "resource_name", "reason", "count", "message")


def logs(
    service: Service,
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Lines as they are printed, until Ctrl-C.")] = False,
    version: Version = None,
    pod: Annotated[str | None, typer.Option(help="Only of this pod.")] = None,
    search: Annotated[str | None, typer.Option(help="A word in the line.")] = None,
    from_time: From = None,
    to_time: To = None,
    lines: Lines = 100,
    output: Output = Format.TABLE,
) -> None:
    """Show what the pods of a service printed, the newest last. JSON is one object per line."""
    if follow and (from_time or to_time):
        raise typer.BadParameter("--follow begins now; --from and --to are for what was printed before")
    with connect() as client:
        if follow:
            for line in client.follow_logs(service, version=version, pod=pod, search=search):
                _print(line, output)
            return
        size = min(lines, 1000)
        found = client.logs(
            service, version=version, pod=pod, search=search, from_time=from_time, to_time=to_time, page_size=size
        )
        for line in reversed(list(islice(found, lines))):
            _print(line, output)


def events(service: Service, version: Version = None, lines: Lines = 100, output: Output = Format.TABLE) -> None:
    """Show what happened to a service, its versions and pods; last seen first."""
    with connect() as client:
        found = client.events(service, version=version, page_size=min(lines, 1000))
        show_all(islice(found, lines), COLUMNS, output)


def metrics(
    service: Service,
    metric: Annotated[str, typer.Argument(help="Such as requests_per_second, latency_p99, in_flight, replicas_ready.")],
    *,
    version: Version = None,
    pod: Annotated[str | None, typer.Option(help="Only of this pod.")] = None,
    from_time: From = None,
    to_time: To = None,
    step: Annotated[int, typer.Option(min=1, help="Seconds from one point to the next.")] = 60,
    output: Output = Format.TABLE,
) -> None:
    """Show one metric of a service over time; the last hour unless told otherwise."""
    with connect() as client:
        found = client.metrics(
            service, metric, version=version, pod=pod, from_time=from_time, to_time=to_time, step=step
        )
    if output is Format.JSON:
        print(json.dumps(found, ensure_ascii=False))
        return
    points = (
        {"at": datetime.fromtimestamp(at, UTC).isoformat(), "value": value, "of": series["labels"]}
        for series in found["series"]
        for at, value in series["points"]
    )
    show_all(points, ("at", "value", "of"), output)


def _print(line: LogLine, output: Format) -> None:
    text = f"{line['at']} {line['pod']} {plain_line(line['text'])}"
    print(json.dumps(line, ensure_ascii=False) if output is Format.JSON else text, flush=True)
