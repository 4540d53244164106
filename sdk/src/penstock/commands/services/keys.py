"""`penstock keys`."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from penstock.commands.cli.arguments import ExpiresAt, ExpiresIn, parse_expiry
from penstock.commands.cli.connection import connect
from penstock.commands.cli.output import Format, Output, show_all, show_one

if TYPE_CHECKING:
    from penstock.client.types import Key

app = typer.Typer(help="API keys of a service.", no_args_is_help=True)

Service = Annotated[str, typer.Argument(help="Name of the service.")]
KeyId = Annotated[str, typer.Argument(help="Name of the key, or its id, as `keys list` shows them.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print the key alone, for scripts.")]
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
    *,
    expires_at: ExpiresAt = None,
    expires_in: ExpiresIn = None,
    scope: Annotated[
        list[Scope] | None, typer.Option(help="What it opens; may be repeated. All of them otherwise.")
    ] = None,
    quiet: Quiet = False,
    output: Output = Format.TABLE,
) -> None:
    """Issue a key; it is shown this once."""
    ends = parse_expiry(expires_at, expires_in, datetime.now(UTC))
    with connect() as client:
        _show(client.create_key(service, name, expires_at=ends, scopes=scope or None), output, quiet=quiet)


@app.command()
def rotate(
    service: Service,
    key: KeyId,
    *,
    grace: Annotated[int | None, typer.Option(min=0, help="Seconds that the old key lives on.")] = None,
    expires_at: ExpiresAt = None,
    expires_in: ExpiresIn = None,
    quiet: Quiet = False,
    output: Output = Format.TABLE,
) -> None:
    """Issue a successor; it is shown this once."""
    ends = parse_expiry(expires_at, expires_in, datetime.now(UTC))
    with connect() as client:
        _show(client.rotate_key(service, key, grace_s=grace, expires_at=ends), output, quiet=quiet)


@app.command()
def revoke(service: Service, key: KeyId, output: Output = Format.TABLE) -> None:
    """Make a key open nothing."""
    with connect() as client:
        client.revoke_key(service, key)
    show_one({"key": key, "revoked": True}, ("key", "revoked"), output)


def _show(issued: Key, output: Format, *, quiet: bool) -> None:
    if quiet:
        print(issued["key"])
    else:
        show_one(issued, ISSUED, output)
