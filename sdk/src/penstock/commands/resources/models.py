"""`penstock models`."""

from __future__ import annotations

from typing import Annotated

import typer

from penstock.commands.cli.connection import connect
from penstock.commands.cli.output import Format, Output, show_all, show_one

app = typer.Typer(help="Models registered in MLflow.", no_args_is_help=True)

VERSION = ("name", "version", "status", "description", "aliases", "signature", "input_example", "requirements",
           "environment", "flavors", "run_id", "created_at")  # fmt: skip


Registry = Annotated[str | None, typer.Option(help="Secret that describes another tracking server.")]


@app.command("list")
def list_models(
    search: Annotated[str | None, typer.Option(help="A part of the name.")] = None,
    registry: Registry = None,
    output: Output = Format.TABLE,
) -> None:
    """List models by name."""
    with connect() as client:
        show_all(client.models(search=search, registry=registry), ("name", "aliases", "description"), output)


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="Name of the model.")],
    version: Annotated[str | None, typer.Argument(help="One of its versions: what it takes and needs.")] = None,
    registry: Registry = None,
    output: Output = Format.TABLE,
) -> None:
    """Show one model: its versions and aliases; or one version: signature, example, requirements, environment."""
    with connect() as client:
        if version is not None:
            show_one(client.model_version(name, version, registry=registry), VERSION, output)
            return
        show_one(client.model(name, registry=registry), ("name", "description", "aliases", "versions"), output)
