"""`penstock debug`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from penstock.commands.cli.arguments import parse_json
from penstock.commands.cli.connection import connect
from penstock.commands.cli.output import Format, Output, show_one

COLUMNS = ("version", "status_code", "duration_ms", "timings", "headers", "response", "trace", "curl")


def debug(
    service: Annotated[str, typer.Argument(help="Name of the service.")],
    version: Annotated[
        str | None, typer.Option(help="Any running version; by default the one with most traffic.")
    ] = None,
    data: Annotated[
        str | None, typer.Option(help="JSON of the request, @FILE or - for stdin; by default the model's example.")
    ] = None,
    log: Annotated[bool, typer.Option(help="Whether it goes into the inference table.")] = False,
    output: Output = Format.TABLE,
) -> None:
    """Send one request to a version, past the split, and show what came back."""
    with connect() as client:
        show_one(client.debug(service, _request_body(data), version=version, log=log), COLUMNS, output)


def _request_body(data: str | None) -> Any:
    if data is None:
        return None
    if data.startswith("@"):
        try:
            return parse_json(Path(data[1:]).read_text())
        except (OSError, UnicodeDecodeError) as wrong:
            raise typer.BadParameter(f"{data[1:]} cannot be read: {wrong}") from wrong
    return parse_json(sys.stdin.read() if data == "-" else data)
