"""`penstock traffic`."""

from __future__ import annotations

from typing import Annotated

import typer

from penstock.client.requests import KEPT
from penstock.commands.arguments import weights
from penstock.commands.connection import connect
from penstock.commands.output import Format, Output, show_one

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
    fallback: Annotated[
        str | None,
        typer.Option(
            help='Version that answers while none with a weight has a ready pod; "": none. Default: as it was.'
        ),
    ] = None,
    output: Output = Format.TABLE,
) -> None:
    """Set the split. A version of weight 0 gets no calls but by its own path, or as the fallback."""
    wanted = weights(split)
    with connect() as client:
        changed = client.set_traffic(service, wanted, fallback=KEPT if fallback is None else fallback or None)
        show_one(changed, FIELDS, output)
