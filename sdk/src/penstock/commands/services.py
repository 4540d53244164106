"""`penstock services`."""

from __future__ import annotations

from typing import Annotated

import typer

from penstock.commands.arguments import Fields, fields, tags
from penstock.commands.connection import connect
from penstock.commands.output import Format, Output, show_all, show_one

app = typer.Typer(help="Services: named endpoints with their versions.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Name of the service.")]
Tags = Annotated[list[str] | None, typer.Option("--tag", help="NAME=VALUE; may be repeated.")]
COLUMNS = ("name", "status", "running_versions", "total_versions", "url", "auth_enabled", "type", "project",
           "created_at")  # fmt: skip
FIELDS = ("name", "type", "status", "description", "project", "tags", "auth_enabled", "url", "creator", "created_at")


@app.command("list")
def list_services(
    *,
    status: Annotated[str | None, typer.Option(help="Only those in this status.")] = None,
    project: Annotated[str | None, typer.Option(help="Only those of this project.")] = None,
    kind: Annotated[str | None, typer.Option("--type", help="Only those of this type: ml.")] = None,
    creator: Annotated[str | None, typer.Option(help="Only those that this user made.")] = None,
    tag: Annotated[str | None, typer.Option(help="NAME:VALUE, or NAME with any value.")] = None,
    search: Annotated[str | None, typer.Option(help="A word in the name or description.")] = None,
    oldest_first: Annotated[bool, typer.Option("--oldest-first", help="The other way round.")] = False,
    output: Output = Format.TABLE,
) -> None:
    """List services, newest first."""
    sort = "created_at" if oldest_first else None
    with connect() as client:
        found = client.services(
            status=status, project=project, type=kind, creator=creator, tag=tag, search=search, sort=sort
        )
        show_all(found, COLUMNS, output)


@app.command()
def show(name: Name, output: Output = Format.TABLE) -> None:
    """Show one service."""
    with connect() as client:
        show_one(client.service(name), FIELDS, output)


@app.command()
def create(
    name: Name,
    *,
    description: Annotated[str, typer.Option(help="For people.")] = "",
    auth: Annotated[bool, typer.Option(help="Whether callers need an API key.")] = True,
    tag: Tags = None,
    further: Fields = None,
    output: Output = Format.TABLE,
) -> None:
    """Create a service without versions; `deploy` makes one that serves."""
    body = {"name": name, "description": description, "auth_enabled": auth, "tags": tags(tag or ())} | fields(further)
    with connect() as client:
        show_one(client.create_service(body), FIELDS, output)


@app.command()
def edit(
    name: Name,
    *,
    description: Annotated[str | None, typer.Option(help="For people.")] = None,
    auth: Annotated[bool | None, typer.Option("--auth/--no-auth", help="Whether callers need an API key.")] = None,
    tag: Tags = None,
    further: Fields = None,
    output: Output = Format.TABLE,
) -> None:
    """Change what is given; the tags given replace all that there are."""
    wanted = {"description": description, "auth_enabled": auth, "tags": None if tag is None else tags(tag)}
    changes = {field: value for field, value in wanted.items() if value is not None} | fields(further)
    if not changes:
        raise typer.BadParameter("nothing to change")
    with connect() as client:
        show_one(client.edit_service(name, changes), FIELDS, output)


@app.command()
def start(name: Name, output: Output = Format.TABLE) -> None:
    """Start the versions that the last stop ended (at first: the newest)."""
    with connect() as client:
        show_one(client.start_service(name), FIELDS, output)


@app.command()
def stop(name: Name, output: Output = Format.TABLE) -> None:
    """Stop every version of a service."""
    with connect() as client:
        show_one(client.stop_service(name), FIELDS, output)


@app.command()
def restart(name: Name, output: Output = Format.TABLE) -> None:
    """Replace every pod of its active versions, one after the other; no request fails."""
    with connect() as client:
        show_one(client.restart_service(name), FIELDS, output)


@app.command()
def delete(
    name: Name,
    purge_tables: Annotated[bool, typer.Option("--purge-tables", help="Its inference tables too.")] = False,
    output: Output = Format.TABLE,
) -> None:
    """Remove a stopped service with its versions and keys, for good."""
    with connect() as client:
        client.delete_service(name, purge_tables=purge_tables)
    show_one({"name": name, "deleted": True}, ("name", "deleted"), output)
