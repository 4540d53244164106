"""`penstock logs` and `penstock events`."""

from __future__ import annotations

import json
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
COLUMNS = ("last_seen", "level", "resource_kind", "resource_name", "reason", "count", "message")


def logs(
    service: Service,
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Lines as they are printed, until Ctrl-C.")] = False,
    version: Version = None,
    pod: Annotated[str | None, typer.Option(help="Only of this pod.")] = None,
    search: Annotated[str | None, typer.Option(help="A word in the line.")] = None,
    lines: Lines = 100,
    output: Output = Format.TABLE,
) -> None:
    """Show what the pods of a service printed, the newest last. JSON is one object per line."""
    with connect() as client:
        if follow:
            for line in client.follow_logs(service, version=version, pod=pod, search=search):
                _print(line, output)
            return
        size = min(lines, 1000)
        found = islice(client.logs(service, version=version, pod=pod, search=search, page_size=size), lines)
        for line in reversed(list(found)):
            _print(line, output)


def events(service: Service, version: Version = None, lines: Lines = 100, output: Output = Format.TABLE) -> None:
    """Show what happened to a service, its versions and pods; last seen first."""
    with connect() as client:
        found = client.events(service, version=version, page_size=min(lines, 1000))
        show_all(islice(found, lines), COLUMNS, output)


def _print(line: LogLine, output: Format) -> None:
    print(
        json.dumps(line) if output is Format.JSON else f"{line['at']} {line['pod']} {plain_line(line['text'])}",
        flush=True,
    )
