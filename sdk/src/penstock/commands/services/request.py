"""`penstock request`."""

from __future__ import annotations

from typing import Annotated

import typer

from penstock.commands.cli.connection import connect
from penstock.commands.cli.output import Format, Output, show_one

FIELDS = ("request_id", "version", "pod", "trace_id", "payload.request_time", "payload.status_code",
          "payload.execution_duration_ms", "payload.client_request_id", "payload.route_reason", "payload.requester",
          "payload.request", "payload.response", "printed", "log_problem")  # fmt: skip


def request(
    service: Annotated[str, typer.Argument(help="Name of the service.")],
    request_id: Annotated[str, typer.Argument(help="What its caller saw as X-Request-Id.")],
    output: Output = Format.TABLE,
) -> None:
    """Show one recorded request: what was asked and answered, by whom, and what the pod printed for it."""
    with connect() as client:
        found = client.request(service, request_id)
    printed = [line["text"] for line in found["log_lines"]]
    show_one(found if output is Format.JSON else {**found, "printed": printed}, FIELDS, output)
