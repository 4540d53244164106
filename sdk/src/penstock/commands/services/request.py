"""`penstock request`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from penstock.commands.cli.connection import connect
from penstock.commands.cli.output import Format, Output, show_all, show_one

FIELDS = ("request_id", "version", "pod", "trace_id", "payload.request_time", "payload.status_code",
          "payload.execution_duration_ms", "payload.client_request_id", "payload.route_reason", "payload.requester",
          "payload.request", "payload.response", "printed", "log_problem")  # fmt: skip
OF_THE_REQUEST = frozenset(
    ("request_date", "request_id", "client_request_id", "request_time", "status_code", "version", "version_id",
     "generation", "served_entity_id", "pod", "sampling_fraction", "execution_duration_ms", "record_id",
     "label_received_at", "label_revision")
)  # fmt: skip
"""Columns of its inferences that are the same in each, or said above."""


def request(
    service: Annotated[str, typer.Argument(help="Name of the service.")],
    request_id: Annotated[str, typer.Argument(help="What its caller saw as X-Request-Id.")],
    output: Output = Format.TABLE,
) -> None:
    """Show one recorded request: what was asked and answered, by whom, its inferences, and what the pod printed."""
    with connect() as client:
        found = client.request(service, request_id)
    printed = [line["text"] for line in found["log_lines"]]
    show_one(found if output is Format.JSON else {**found, "printed": printed}, FIELDS, output)
    if output is not Format.JSON:
        show_rows("inferences", found["inferences"], output)
        show_rows("labelled", found["labelled"], output)


def show_rows(title: str, rows: Sequence[Mapping[str, Any]], output: Format) -> None:
    """Rows of a table of inferences, with the columns that some row has a value in."""
    names = dict.fromkeys(name for row in rows for name, value in row.items() if value is not None)
    columns = [name for name in names if name not in OF_THE_REQUEST]
    if rows and columns:
        print(f"\n{title}")
        show_all(rows, columns, output)
