"""`penstock specs`."""

from __future__ import annotations

from typing import Annotated

import typer

from penstock.commands.cli.arguments import GpuKind, given
from penstock.commands.cli.connection import connect
from penstock.commands.cli.output import Format, Output, show_all, show_deleted, show_one

app = typer.Typer(help="Resource specs: named sizes of a pod, and what an hour of one costs.", no_args_is_help=True)

SpecName = Annotated[str, typer.Argument(help="Name of the spec, such as 2C4G.")]
SPECS = ("name", "cpu", "memory_gb", "gpu", "gpu_kind", "price_per_hour", "description")


@app.command("list")
def list_specs(output: Output = Format.TABLE) -> None:
    """List specs, smallest first."""
    with connect() as client:
        show_all(client.specs(), SPECS, output)


@app.command("create")
def create_spec(
    name: SpecName,
    *,
    cpu: Annotated[float, typer.Option(help="Cores.")],
    memory: Annotated[float, typer.Option(help="GiB.")],
    gpu: Annotated[int, typer.Option(help="Devices.")] = 0,
    gpu_kind: GpuKind = None,
    price: Annotated[float, typer.Option(help="Of one pod for one hour.")] = 0.0,
    output: Output = Format.TABLE,
) -> None:
    """Add a spec. Needs an administrator."""
    body = {"name": name, "cpu": cpu, "memory_gb": memory, "gpu": gpu, "price_per_hour": price} | given(
        gpu_kind=gpu_kind
    )
    with connect() as client:
        show_one(client.create_spec(body), SPECS, output)


@app.command("price")
def price_spec(
    name: SpecName,
    price: Annotated[float, typer.Argument(help="Of one pod for one hour.")],
    output: Output = Format.TABLE,
) -> None:
    """Set the price that is metered from now on. Needs an administrator."""
    with connect() as client:
        show_one(client.edit_spec(name, {"price_per_hour": price}), SPECS, output)


@app.command("delete")
def delete_spec(name: SpecName, output: Output = Format.TABLE) -> None:
    """Remove a spec that no version uses. Needs an administrator."""
    with connect() as client:
        client.delete_spec(name)
    show_deleted(name, output)
