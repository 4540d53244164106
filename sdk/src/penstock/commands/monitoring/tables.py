"""`penstock tables` and `penstock dead-letters`: what was recorded, and what could not be acted on."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer

from penstock.client.table_views import Dialect, Shape, view_sql
from penstock.commands.cli.connection import connect
from penstock.commands.cli.output import Format, Output, show_all, show_one
from penstock.commands.monitoring.observability import From, Service, To

app = typer.Typer(help="Inference tables: what was asked and answered.", no_args_is_help=True)
dead_letters = typer.Typer(help="Messages that a service gave up on.", no_args_is_help=True)

TABLES = ("name", "status", "rows", "location", "blocked.reason", "version", "updated_at")
ROWS = ("request_time", "status_code", "version", "execution_duration_ms", "client_request_id", "request", "response")
DROPPABLE_FIRST = ("client_request_id", "response", "request")
ACCOUNT = ("start", "accepted", "stored", "dropped", "on_the_way", "missing")
COLUMNS = ("name", "type", "original_name", "description")
STATISTICS = ("name", "type", "count", "nulls", "distinct", "min", "mean", "max")
SHOWN_OF_A_BODY = 200
"""Characters; `-o wide` shows all of it."""
LETTERS = ("id", "at", "consumer", "subject", "reason")

Table = Annotated[str, typer.Argument(help="Such as wine.payload.")]
Where = Annotated[
    str | None, typer.Option(help="A filter on any column, such as \"alcohol > 9 and version in ('v1', 'v2')\".")
]
Columns = Annotated[
    list[str] | None, typer.Option("--columns", help="Only these: repeated, or with commas between them.")
]


@app.command("list")
def list_tables(
    service: Annotated[str | None, typer.Option(help="Only of this service.")] = None, output: Output = Format.TABLE
) -> None:
    """List tables: where each lies, and how many rows it has."""
    with connect() as client:
        show_all(client.tables(service=service), TABLES, output)


@app.command()
def show(table: Table, output: Output = Format.TABLE) -> None:
    """Show a table's columns; with -o json also its size, files and last commit."""
    with connect() as client:
        found = client.table(table)
        if output is Format.JSON:
            show_one(found, ("name",), output)
        else:
            show_all(found["columns"], COLUMNS, output)


@app.command()
def view(
    table: Annotated[str, typer.Argument(help="A payload table, such as wine.payload.")],
    shape: Annotated[Shape, typer.Option(help="Whose columns; databricks-legacy: those of auto capture.")],
    dialect: Annotated[Dialect, typer.Option(help="Whose SQL.")] = Dialect.DUCKDB,
    name: Annotated[str | None, typer.Option(help="Of the view; by default made of the table's.")] = None,
) -> None:
    """Print SQL for a view with another platform's column names: old queries go on."""
    if not table.endswith(".payload"):
        payload = f"{table.partition('.')[0]}.payload"
        raise typer.BadParameter(f"such columns are those of a payload table alone: {payload}", param_hint="table")
    with connect() as client:
        location = client.table(table)["location"]
    try:
        typer.echo(view_sql(location, shape, dialect, name or re.sub(r"\W", "_", table)), nl=False)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--name") from error


@app.command()
def rows(
    table: Table,
    *,
    request_id: Annotated[str | None, typer.Option(help="Only of this request.")] = None,
    client_request_id: Annotated[str | None, typer.Option(help="Only of this id of the caller's.")] = None,
    where: Where = None,
    columns: Columns = None,
    order: Annotated[str | None, typer.Option(help="A column; -column: descending. Else the newest first.")] = None,
    from_time: From = None,
    to_time: To = None,
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, help="How many at most.")] = 20,
    output: Output = Format.TABLE,
) -> None:
    """Show rows of a table, the newest first."""
    selection: Any = {"where": where, "columns": columns or (), "from_time": from_time, "to_time": to_time}
    ids: Any = {"request_id": request_id, "client_request_id": client_request_id}
    with connect() as client:
        found = client.each_row(table, order=order, page_size=min(lines, 500), **ids, **selection)
        shown = list(islice(found, lines))
        names = tuple(shown[0]) if shown and (columns or not set(ROWS) <= set(shown[0])) else ROWS
        is_whole = output is not Format.TABLE
        show_all(shown, names, output, of=None if is_whole else _shortened, droppable_first=DROPPABLE_FIRST)


@app.command()
def stats(
    table: Table,
    *,
    where: Where = None,
    columns: Columns = None,
    from_time: From = None,
    to_time: To = None,
    output: Output = Format.TABLE,
) -> None:
    """Show statistics of a table's columns; -o json has quantiles, frequent values and histograms too."""
    with connect() as client:
        found = client.table_statistics(table, where=where, columns=columns or (), from_time=from_time, to_time=to_time)
        show_all(found["columns"], STATISTICS, output)


def accounting(
    service: Service,
    *,
    from_time: From = None,
    to_time: To = None,
    step: Annotated[int, typer.Option(min=60, help="Seconds, whole minutes.")] = 60,
    output: Output = Format.TABLE,
) -> None:
    """Show what became of each request that was to be recorded; the last hour unless told otherwise."""
    with connect() as client:
        found = client.accounting(service, from_time=from_time, to_time=to_time, step=step)
        if output is Format.JSON:
            show_one(found, ("total",), output)
        else:
            show_all([*found["items"], {**found["total"], "start": "total"}], ACCOUNT, output, of=_accounted)


def _accounted(point: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**point, "dropped": ", ".join(f"{reason} {count}" for reason, count in point["dropped"].items())}


@app.command()
def signatures(
    service: Service,
    file: Annotated[Path | None, typer.Argument(help="Where to write them; printed without one.")] = None,
) -> None:
    """Write the signatures of a service's models, for `penstock-spark`."""
    with connect() as client:
        text = json.dumps(client.signatures(service), indent=1)
    if file is None:
        typer.echo(text)
        return
    partial = file.with_name(f".{file.name}.partial")
    partial.write_text(text)
    partial.replace(file)  # a job that reads it meanwhile finds all of it


class FileFormat(StrEnum):
    """Of a download."""

    PARQUET = "parquet"
    CSV = "csv"


@app.command()
def download(
    table: Table,
    file: Annotated[Path, typer.Argument(help="Where to; `.csv` at its end means CSV.", dir_okay=False)],
    *,
    format: Annotated[FileFormat | None, typer.Option(help="Else by the file's name.")] = None,  # noqa: A002
    where: Where = None,
    columns: Columns = None,
    from_time: From = None,
    to_time: To = None,
) -> None:
    """Write rows of a table to a file, Parquet or CSV."""
    kind = format or (FileFormat.CSV if file.suffix == ".csv" else FileFormat.PARQUET)
    with connect() as client:
        client.download_table(
            table, file, format=kind, where=where, columns=columns or (), from_time=from_time, to_time=to_time
        )


def _shortened(row: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: _beginning(value) for name, value in row.items()}


def _beginning(value: Any) -> Any:
    return f"{value[:SHOWN_OF_A_BODY]}…" if isinstance(value, str) and len(value) > SHOWN_OF_A_BODY else value


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
