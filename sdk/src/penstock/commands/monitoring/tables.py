"""`penstock tables` and `penstock dead-letters`: what was recorded, and what could not be acted on."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Annotated, Any

import typer

from penstock.commands.cli.connection import connect
from penstock.commands.cli.output import Format, Output, show_all, show_one

app = typer.Typer(help="Inference tables: what was asked and answered.", no_args_is_help=True)
dead_letters = typer.Typer(help="Messages that a service gave up on.", no_args_is_help=True)

TABLES = ("name", "status", "rows", "location", "blocked.reason", "version", "updated_at")
ROWS = ("request_time", "status_code", "version", "execution_duration_ms", "client_request_id", "request", "response")
DROPPABLE_FIRST = ("client_request_id", "response", "request")
SHOWN_OF_A_BODY = 200
"""Characters; `-o wide` shows all of it."""
LETTERS = ("id", "at", "consumer", "subject", "reason")


@app.command("list")
def list_tables(
    service: Annotated[str | None, typer.Option(help="Only of this service.")] = None, output: Output = Format.TABLE
) -> None:
    """List tables: where each lies, and how many rows it has."""
    with connect() as client:
        show_all(client.tables(service=service), TABLES, output)


@app.command()
def rows(
    table: Annotated[str, typer.Argument(help="Such as wine.payload.")],
    request_id: Annotated[str | None, typer.Option(help="Only of this request.")] = None,
    client_request_id: Annotated[str | None, typer.Option(help="Only of this id of the caller's.")] = None,
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, max=1000, help="How many at most.")] = 20,
    output: Output = Format.TABLE,
) -> None:
    """Show the newest rows of a table."""
    with connect() as client:
        found = client.rows(table, client_request_id=client_request_id, request_id=request_id, page_size=lines)
        show_all(found, ROWS, output, of=None if output is Format.WIDE else _shortened, droppable_first=DROPPABLE_FIRST)


def _shortened(row: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**row, "request": _beginning(row.get("request")), "response": _beginning(row.get("response"))}


def _beginning(body: str | None) -> str | None:
    return f"{body[:SHOWN_OF_A_BODY]}…" if body is not None and len(body) > SHOWN_OF_A_BODY else body


@dead_letters.command("list")
def list_dead_letters(
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, help="How many at most.")] = 100,
    output: Output = Format.TABLE,
) -> None:
    """List them, oldest first, with the reason. Needs an administrator."""
    with connect() as client:
        show_all(islice(client.dead_letters(page_size=min(lines, 1000)), lines), LETTERS, output)


@dead_letters.command("replay")
def replay(
    letter_id: Annotated[str, typer.Argument(help="Id, as `dead-letters list` shows it.")],
    output: Output = Format.TABLE,
) -> None:
    """Have the service that gave up on it try again. Needs an administrator."""
    with connect() as client:
        show_one(client.replay_dead_letter(letter_id), ("id", "replayed"), output)
