"""`penstock keys`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from penstock.commands.connection import connect
from penstock.commands.output import Format, Output, show_all, show_one

app = typer.Typer(help="API keys of a service.", no_args_is_help=True)

Service = Annotated[str, typer.Argument(help="Name of the service.")]
KeyId = Annotated[str, typer.Argument(help="Id of the key, as `keys list` shows it.")]
COLUMNS = ("id", "name", "prefix", "expired", "last_used_at", "expires_at", "scopes", "creator", "created_at")
ISSUED = ("id", "name", "key", "scopes", "expires_at")


class Scope(StrEnum):
    """What a key opens."""

    PREDICT = "predict"
    VERSIONS = "versions"


@app.command("list")
def list_keys(service: Service, output: Output = Format.TABLE) -> None:
    """List keys that were not revoked, without their secrets."""
    with connect() as client:
        show_all(client.keys(service), COLUMNS, output)


@app.command()
def create(
    service: Service,
    name: Annotated[str, typer.Argument(help="What the key is for.")],
    expires_at: Annotated[str | None, typer.Option(help="ISO-8601 with a zone.")] = None,
    scope: Annotated[
        list[Scope] | None, typer.Option(help="What it opens; may be repeated. All of them otherwise.")
    ] = None,
    output: Output = Format.TABLE,
) -> None:
    """Issue a key; it is shown this once."""
    with connect() as client:
        show_one(client.create_key(service, name, expires_at=expires_at, scopes=scope or None), ISSUED, output)


@app.command()
def rotate(
    service: Service,
    key_id: KeyId,
    grace: Annotated[int | None, typer.Option(min=0, help="Seconds that the old key lives on.")] = None,
    output: Output = Format.TABLE,
) -> None:
    """Issue a successor; it is shown this once."""
    with connect() as client:
        show_one(client.rotate_key(service, key_id, grace_s=grace), ISSUED, output)


@app.command()
def revoke(service: Service, key_id: KeyId, output: Output = Format.TABLE) -> None:
    """Make a key open nothing."""
    with connect() as client:
        client.revoke_key(service, key_id)
    show_one({"id": key_id, "revoked": True}, ("id", "revoked"), output)
