"""`penstock services`."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from penstock.commands.cli.arguments import Fields, given_changes, parse_fields, parse_tags
from penstock.commands.cli.connection import connect
from penstock.commands.cli.output import Format, Output, show_all, show_deleted, show_one
from penstock.commands.services.changes import DryRun, show_preview
from penstock.commands.services.views import SERVICE, service_fields
from penstock.commands.services.waiting import TIMEOUT_S, Timeout, Wait, wait_until_all_ready

if TYPE_CHECKING:
    from penstock.client import Client
    from penstock.client.types import Service as ServiceAnswer

app = typer.Typer(help="Services: named endpoints with their versions.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Name of the service.")]
Tags = Annotated[list[str] | None, typer.Option("--tag", help="NAME=VALUE; may be repeated.")]
COLUMNS = ("name", "status", "running_versions", "total_versions", "url", "auth_enabled", "type", "project",
           "created_at")  # fmt: skip


def show_service(service: Mapping[str, Any], output: Format) -> None:
    """One service."""
    show_one(service if output is Format.JSON else service_fields(service), SERVICE, output)


def _wait(client: Client, service: ServiceAnswer, timeout_s: float, *, wait: bool) -> ServiceAnswer:
    if not wait:
        return service
    wait_until_all_ready(client, service["versions"], timeout_s)
    return client.service(service["name"])


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
        show_service(client.service(name), output)


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
    body = {
        "name": name,
        "description": description,
        "auth_enabled": auth,
        "tags": parse_tags(tag or ()),
    } | parse_fields(further)
    with connect() as client:
        show_service(client.create_service(body), output)


@app.command()
def edit(
    name: Name,
    *,
    description: Annotated[str | None, typer.Option(help="For people.")] = None,
    auth: Annotated[bool | None, typer.Option("--auth/--no-auth", help="Whether callers need an API key.")] = None,
    tag: Tags = None,
    further: Fields = None,
    dry_run: DryRun = False,
    output: Output = Format.TABLE,
) -> None:
    """Change what is given; the tags given replace all that there are."""
    wanted = {"description": description, "auth_enabled": auth, "tags": None if tag is None else parse_tags(tag)}
    changes = given_changes(wanted, further)
    with connect() as client:
        if dry_run:
            show_preview(client.preview_service_edit(name, changes), output)
        else:
            show_service(client.edit_service(name, changes), output)


@app.command()
def start(name: Name, *, wait: Wait = False, timeout: Timeout = TIMEOUT_S, output: Output = Format.TABLE) -> None:
    """Start the versions that the last stop ended (at first: the newest)."""
    with connect() as client:
        show_service(_wait(client, client.start_service(name), timeout, wait=wait), output)


@app.command()
def stop(name: Name, output: Output = Format.TABLE) -> None:
    """Stop every version of a service."""
    with connect() as client:
        show_service(client.stop_service(name), output)


@app.command()
def restart(name: Name, *, wait: Wait = False, timeout: Timeout = TIMEOUT_S, output: Output = Format.TABLE) -> None:
    """Replace every pod of its active versions, one after the other; no request fails."""
    with connect() as client:
        show_service(_wait(client, client.restart_service(name), timeout, wait=wait), output)


@app.command()
def delete(
    name: Name,
    *,
    purge_tables: Annotated[
        bool, typer.Option("--purge-tables", help="Its inference tables too; asks on a terminal.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    output: Output = Format.TABLE,
) -> None:
    """Remove a stopped service with its versions and keys, for good."""
    if purge_tables and not yes and sys.stdin.isatty():
        typer.confirm(f"Remove {name} and all that its inference tables recorded, for good?", abort=True, err=True)
    with connect() as client:
        client.delete_service(name, purge_tables=purge_tables)
    show_deleted(name, output)
