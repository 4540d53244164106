"""`penstock destinations`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from penstock.commands.cli.arguments import given
from penstock.commands.cli.connection import connect
from penstock.commands.cli.output import Format, Output, show_all, show_deleted, show_one

app = typer.Typer(help="Destinations: where inference tables may lie.", no_args_is_help=True)

DestinationName = Annotated[str, typer.Argument(help="Name of the destination.")]
Url = Annotated[str, typer.Argument(help="s3://bucket/prefix, or file:///….")]
Endpoint = Annotated[str | None, typer.Option(help="URL of an S3-compatible store; left out: AWS itself.")]
Region = Annotated[str | None, typer.Option(help="Region that requests are signed for; default us-east-1.")]
VirtualHost = Annotated[bool, typer.Option("--virtual-host", help="The bucket stands in the host's name.")]
Secret = Annotated[str | None, typer.Option(help="Secret of the kind s3 that holds its credentials.")]
DESTINATIONS = (
    *("name", "url", "state", "reason", "writing", "warning", "waiting_tables", "waiting_rows"),
    *("project", "endpoint", "region", "path_style", "secret"),
)
TESTED = ("ok", "message", "writing", "warning", "duration_ms")


@app.command("list")
def list_destinations(output: Output = Format.TABLE) -> None:
    """List destinations, and how each of them does."""
    with connect() as client:
        show_all(client.destinations(), DESTINATIONS, output)


@app.command("show")
def show_destination(name: DestinationName, output: Output = Format.TABLE) -> None:
    """Show one destination."""
    with connect() as client:
        show_one(client.destination(name), DESTINATIONS, output)


@app.command("create")
def create_destination(
    name: DestinationName,
    url: Url,
    *,
    endpoint: Endpoint = None,
    region: Region = None,
    virtual_host: VirtualHost = False,
    secret: Secret = None,
    project: Annotated[str | None, typer.Option(help="Whose it is; left out: every project may use it.")] = None,
    output: Output = Format.TABLE,
) -> None:
    """Define a destination."""
    definition = _definition(endpoint, region, secret, is_path_style=not virtual_host)
    with connect() as client:
        show_one(client.create_destination(name, url, project=project, **definition), DESTINATIONS, output)


@app.command("replace")
def replace_destination(
    name: DestinationName,
    url: Url,
    *,
    endpoint: Endpoint = None,
    region: Region = None,
    virtual_host: VirtualHost = False,
    secret: Secret = None,
    output: Output = Format.TABLE,
) -> None:
    """Define a destination anew, all of it."""
    definition = _definition(endpoint, region, secret, is_path_style=not virtual_host)
    with connect() as client:
        show_one(client.replace_destination(name, url, **definition), DESTINATIONS, output)


@app.command("delete")
def delete_destination(name: DestinationName, output: Output = Format.TABLE) -> None:
    """Forget a destination that no version uses."""
    with connect() as client:
        client.delete_destination(name)
    show_deleted(name, output)


@app.command("test")
def check_destination(name: DestinationName, output: Output = Format.TABLE) -> None:
    """Write, read and remove an object there, and try conditional writes; ends with 1 where something is wrong."""
    with connect() as client:
        found = client.check_destination(name)
    show_one(found, TESTED, output)
    if not found["ok"]:
        raise typer.Exit(1)


def _definition(endpoint: str | None, region: str | None, secret: str | None, *, is_path_style: bool) -> dict[str, Any]:
    return given(endpoint=endpoint, region=region, secret=secret, path_style=is_path_style)
