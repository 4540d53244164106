"""`penstock labels`: what was true, sent and counted."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from penstock.commands.cli.connection import connect
from penstock.commands.cli.output import Format, Output, show_all, show_one
from penstock.commands.monitoring.observability import From, Service, To

app = typer.Typer(help="Ground truth: what was true of what was predicted.", no_args_is_help=True)

RECEIPT = ("received", "joined", "waiting", "rejected_rows", "changed")
COVERAGE = ("start", "predicted", "labelled", "share", "delay_p50_s", "delay_p90_s")
MOST_REASONS = 10


class LabelFormat(StrEnum):
    """Of a file of labels."""

    JSON = "json"
    CSV = "csv"
    PARQUET = "parquet"
    GROUND_TRUTH = "ground-truth"


@app.command()
def send(
    service: Service,
    file: Annotated[Path, typer.Argument(help="Labels as JSON, CSV, Parquet, or SageMaker's lines.", exists=True)],
    *,
    format: Annotated[LabelFormat | None, typer.Option(help="Else by the file's name.")] = None,  # noqa: A002
    key: Annotated[str | None, typer.Option(help="The column of features that `key` is a value of.")] = None,
    output: Output = Format.TABLE,
) -> None:
    """Send the labels of a file; those that are rejected are told on stderr, and make the exit status 2."""
    with connect() as client:
        try:
            found = client.send_label_file(service, file, format=format, key=key)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from error
        show_one(found, RECEIPT, output)
        for one in found["rejected"][:MOST_REASONS]:
            print(f"row {one['row']}: {one['reason']}", file=sys.stderr)
        if found["rejected_rows"] > MOST_REASONS:
            print(f"… and {found['rejected_rows'] - MOST_REASONS} more; -o json has the reasons", file=sys.stderr)
        if found["rejected_rows"]:
            raise typer.Exit(2)


@app.command()
def coverage(
    service: Service,
    *,
    from_time: From = None,
    to_time: To = None,
    step: Annotated[int, typer.Option(min=60, help="Seconds.")] = 3600,
    output: Output = Format.TABLE,
) -> None:
    """Show how many inferences have a label by now, and how late these came; the last day unless told otherwise."""
    with connect() as client:
        found = client.label_coverage(service, from_time=from_time, to_time=to_time, step=step)
        if output is Format.JSON:
            show_one(found, ("predicted", "labelled", "share"), output)
        else:
            show_all([*found["items"], {**found, "start": "total"}], COVERAGE, output, of=_for_people)


def _for_people(step: Mapping[str, Any]) -> Mapping[str, Any]:
    digits = {"share": 4, "delay_p50_s": 1, "delay_p90_s": 1}
    return {
        name: value if value is None else round(value, digits[name]) if name in digits else value
        for name, value in step.items()
    }
