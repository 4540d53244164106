"""`penstock label-sources`: where ground truth is read from, and what became of that."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer

from penstock.commands.cli.arguments import given, parse_columns
from penstock.commands.cli.connection import connect
from penstock.commands.cli.durations import schedule_option
from penstock.commands.cli.output import Format, Output, show_all, show_deleted, show_one
from penstock.commands.monitoring.observability import Service

app = typer.Typer(help="Label sources: ground truth that is read on a schedule.", no_args_is_help=True)

SourceName = Annotated[str, typer.Argument(help="Name of the source.")]
SOURCES = ("name", "format", "location", "schedule", "state", "is_running", "reason", "since", "next_run_at")
DEFINITION = ("key", "row", "label", "labelled_at", "query", "secret", "growing", "paused")
RUNS = (
    *("started_at", "trigger", "state", "rows_read", "labels_new", "labels_corrected", "unmatched", "rejected"),
    *("position", "error"),
)
STARTED = ("state", "is_running", "next_run_at")


class SourceFormat(StrEnum):
    """What a source is."""

    DELTA = "delta"
    PARQUET = "parquet"
    CSV = "csv"
    SQL = "sql"


SourceKind = Annotated[SourceFormat, typer.Option("--format", help="What it is.")]
Keys = Annotated[list[str], typer.Option("--key", help="client_request_id=COLUMN, request_id=… or FEATURE=…")]
Labels = Annotated[list[str], typer.Option("--label", help="COLUMN, or NAME=COLUMN; several may be given.")]
Location = Annotated[str | None, typer.Option(help="file:///… or s3://bucket/…: a table, a file, a folder of files.")]
Query = Annotated[str | None, typer.Option(help="One SELECT on PostgreSQL.")]
Secret = Annotated[str | None, typer.Option(help="Secret of the kind postgresql that holds its URL.")]
Growing = Annotated[str | None, typer.Option(help="Column of the query that only grows.")]
Row = Annotated[str | None, typer.Option(help="Column of the row of a batch.")]
LabelledAt = Annotated[str | None, typer.Option(help="Column of when the label was given.")]
Schedule = Annotated[
    str | None, schedule_option("How often: 1h, or five fields of cron (UTC); left out: only by `run`.")
]
Paused = Annotated[bool, typer.Option("--paused", help="Not read on its schedule for now.")]


@app.command("list")
def list_sources(service: Service, output: Output = Format.TABLE) -> None:
    """List the label sources of a service, and how each of them does."""
    with connect() as client:
        show_all(client.label_sources(service), SOURCES, output)


@app.command("show")
def show_source(service: Service, name: SourceName, output: Output = Format.TABLE) -> None:
    """Show one label source."""
    with connect() as client:
        show_one(client.label_source(service, name), (*SOURCES, *DEFINITION), output)


@app.command("replace", help="Define a label source anew, all of it.")
@app.command("create", help="Define where labels of a service are read from.")
def define_source(
    context: typer.Context,
    service: Service,
    name: SourceName,
    *,
    kind: SourceKind,
    key: Keys,
    label: Labels,
    location: Location = None,
    query: Query = None,
    secret: Secret = None,
    growing: Growing = None,
    row: Row = None,
    labelled_at: LabelledAt = None,
    schedule: Schedule = None,
    paused: Paused = False,
    output: Output = Format.TABLE,
) -> None:
    """Create or replace, by the name that it was called by: both take the same options."""
    place = {"location": location, "query": query, "secret": secret, "growing": growing}
    fields = _definition(kind, key, label, **place, row=row, labelled_at=labelled_at, schedule=schedule)
    with connect() as client:
        define = client.create_label_source if context.info_name == "create" else client.replace_label_source
        show_one(define(service, name, **fields, paused=paused), SOURCES, output)


@app.command("delete")
def delete_source(service: Service, name: SourceName, output: Output = Format.TABLE) -> None:
    """Forget a label source; the labels that it brought stay."""
    with connect() as client:
        client.delete_label_source(service, name)
    show_deleted(name, output)


@app.command("run")
def run_source(service: Service, name: SourceName, output: Output = Format.TABLE) -> None:
    """Have a label source read now; `runs` says what became of it."""
    with connect() as client:
        show_one(client.run_label_source(service, name), STARTED, output)


@app.command("runs")
def list_runs(
    service: Service,
    name: SourceName,
    *,
    limit: Annotated[int, typer.Option(min=1, max=50, help="How many.")] = 20,
    output: Output = Format.TABLE,
) -> None:
    """Show the last runs of a label source, newest first."""
    with connect() as client:
        show_all(client.label_runs(service, name, limit=limit), RUNS, output)


def _definition(kind: SourceFormat, key: list[str], label: list[str], **asked: str | None) -> Any:
    whole = len(label) == 1 and "=" not in label[0]
    columns = label[0] if whole else parse_columns(label, "--label", "quality=stars")
    keys = parse_columns(key, "--key", f"client_request_id={key[0]}")
    return given(format=kind, key=keys, label=columns, **asked)
