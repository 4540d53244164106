"""`penstock traffic`."""

from __future__ import annotations

from typing import Annotated

import typer

from penstock.client.requests.base import UNSET
from penstock.commands.cli.arguments import parse_weights
from penstock.commands.cli.connection import connect
from penstock.commands.cli.errors import TIMEOUT, exit_with_error
from penstock.commands.cli.output import Format, Output, show_one
from penstock.commands.services.changes import DryRun, show_preview
from penstock.commands.services.waiting import TIMEOUT_S, Timeout, wait_until_split_applied

app = typer.Typer(help="The split of a service's traffic over its versions.", no_args_is_help=True)

FIELDS = ("weights", "effective", "fallback")

Service = Annotated[str, typer.Argument(help="Name of the service.")]


@app.command()
def show(service: Service, output: Output = Format.TABLE) -> None:
    """Show the split, as asked for and as it is, and the fallback."""
    with connect() as client:
        show_one(client.traffic(service), FIELDS, output)


@app.command("set")
def set_split(
    service: Service,
    split: Annotated[list[str], typer.Argument(help="v1=90 v2=10; sums to 100.")],
    *,
    fallback: Annotated[
        str | None,
        typer.Option(
            help='Version that answers while none with a weight has a ready pod; "": none. Default: as it was.'
        ),
    ] = None,
    dry_run: DryRun = False,
    wait: Annotated[bool, typer.Option(help="Return when routers have it: each of them can serve its share.")] = False,
    timeout: Timeout = TIMEOUT_S,
    output: Output = Format.TABLE,
) -> None:
    """Set the split. A version of weight 0 gets no calls but by its own path, or as the fallback."""
    wanted, answering = parse_weights(split), UNSET if fallback is None else fallback or None
    with connect() as client:
        if dry_run:
            show_preview(client.preview_traffic(service, wanted, fallback=answering), output)
            return
        changed = client.set_traffic(service, wanted, fallback=answering)
        if wait and not wait_until_split_applied(client, service, timeout):
            exit_with_error(
                f"{service}: the split is not in effect after {timeout:g} s: not all of it can serve", TIMEOUT
            )
        show_one(client.traffic(service) if wait else changed, FIELDS, output)
