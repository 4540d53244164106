"""`penstock traffic`."""

from __future__ import annotations

from typing import Annotated

import typer

from penstock.commands.arguments import weights
from penstock.commands.connection import connect
from penstock.commands.output import Format, Output, show_one

app = typer.Typer(help="The split of a service's traffic over its versions.", no_args_is_help=True)

Service = Annotated[str, typer.Argument(help="Name of the service.")]


@app.command()
def show(service: Service, output: Output = Format.TABLE) -> None:
    """Show the split, as asked for and as it is."""
    with connect() as client:
        show_one(client.traffic(service), ("weights", "effective"), output)


@app.command("set")
def set_split(
    service: Service,
    split: Annotated[list[str], typer.Argument(help="v1=90 v2=10; sums to 100.")],
    output: Output = Format.TABLE,
) -> None:
    """Set the split."""
    wanted = weights(split)
    with connect() as client:
        show_one(client.set_traffic(service, wanted), ("weights", "effective"), output)
