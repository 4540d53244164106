"""`penstock users`, `penstock tokens` and `penstock audit`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import Annotated, Any

import typer

from penstock.commands.cli.arguments import ExpiresAt, ExpiresIn, parse_expiry
from penstock.commands.cli.connection import connect
from penstock.commands.cli.output import Format, Output, show_all, show_deleted, show_one

app = typer.Typer(help="Users: who may sign in.", no_args_is_help=True)
tokens = typer.Typer(help="Tokens: what users sign in with.", no_args_is_help=True)

User = Annotated[str, typer.Argument(help="Name of the user; `me` is you.")]
COLUMNS = ("name", "is_admin", "is_disabled", "roles", "description", "created_at")
TOKENS = ("id", "name", "user", "expired", "expires_at", "created_at")
ISSUED = ("id", "name", "user", "token", "expires_at")
LINES = ("at", "actor", "resource_kind", "resource_name", "change", "operation")
WIDE = (*LINES, "before", "after")


@app.command("list")
def list_users(output: Output = Format.TABLE) -> None:
    """List users. Needs an administrator."""
    with connect() as client:
        show_all(client.users(), COLUMNS, output)


@app.command()
def show(name: User = "me", output: Output = Format.TABLE) -> None:
    """Show a user and their roles."""
    with connect() as client:
        show_one(client.user(name), COLUMNS, output)


@app.command()
def create(
    name: User,
    description: Annotated[str, typer.Option(help="Who that is.")] = "",
    admin: Annotated[bool, typer.Option("--admin", help="An administrator of the installation.")] = False,
    output: Output = Format.TABLE,
) -> None:
    """Create a user, who can do nothing yet. Needs an administrator."""
    with connect() as client:
        show_one(client.create_user(name, description=description, is_admin=admin), COLUMNS, output)


@app.command()
def disable(name: User, output: Output = Format.TABLE) -> None:
    """Have a user's tokens open nothing, until `enable`."""
    with connect() as client:
        show_one(client.edit_user(name, {"is_disabled": True}), COLUMNS, output)


@app.command()
def enable(name: User, output: Output = Format.TABLE) -> None:
    """Let a disabled user in again."""
    with connect() as client:
        show_one(client.edit_user(name, {"is_disabled": False}), COLUMNS, output)


@app.command()
def delete(name: User, output: Output = Format.TABLE) -> None:
    """Remove a user with their tokens and memberships."""
    with connect() as client:
        client.delete_user(name)
    show_deleted(name, output)


@tokens.command("list")
def list_tokens(
    user: Annotated[str, typer.Option(help="Whose; others than yours need an administrator.")] = "me",
    output: Output = Format.TABLE,
) -> None:
    """List tokens that were not revoked, without their secrets."""
    with connect() as client:
        show_all(client.tokens(user=user), TOKENS, output)


@tokens.command("create")
def create_token(
    name: Annotated[str, typer.Argument(help="What the token is for.")],
    user: Annotated[str | None, typer.Option(help="Whose; others than yours need an administrator.")] = None,
    expires_at: ExpiresAt = None,
    expires_in: ExpiresIn = None,
    output: Output = Format.TABLE,
) -> None:
    """Issue a token; it is shown this once."""
    ends = parse_expiry(expires_at, expires_in, datetime.now(UTC))
    with connect() as client:
        show_one(client.create_token(name, user=user, expires_at=ends), ISSUED, output)


@tokens.command("revoke")
def revoke_token(
    token: Annotated[str, typer.Argument(help="Name of one of your tokens, or the id of any, as `tokens list` shows.")],
    output: Output = Format.TABLE,
) -> None:
    """Make a token open nothing."""
    with connect() as client:
        client.revoke_token(token)
    show_one({"token": token, "revoked": True}, ("token", "revoked"), output)


def audit(
    *,
    project: Annotated[str | None, typer.Option(help="Only of this project.")] = None,
    actor: Annotated[str | None, typer.Option(help="Only by this user.")] = None,
    kind: Annotated[str | None, typer.Option(help="Only of this kind, such as service, version, key.")] = None,
    name: Annotated[str | None, typer.Option(help="Only of this resource, such as wine or wine/v1.")] = None,
    from_time: Annotated[str | None, typer.Option("--from", help="ISO-8601 with a zone.")] = None,
    to_time: Annotated[str | None, typer.Option("--to", help="ISO-8601 with a zone.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="So many lines at most.")] = 50,
    output: Output = Format.TABLE,
) -> None:
    """Show who changed what, newest first; `-o wide` has the values before and after."""
    size = min(limit, 1000)
    with connect() as client:
        found = client.audit(
            project=project, actor=actor, resource_kind=kind, resource_name=name, from_time=from_time, to_time=to_time,
            page_size=size,
        )  # fmt: skip
        columns = WIDE if output is Format.WIDE else LINES
        show_all(islice(found, limit), columns, output, of=_audit_row, droppable_first=("operation",))


def _audit_row(line: Mapping[str, Any]) -> Mapping[str, Any]:
    """`updated: model_version, runtime`; of what was created or deleted its kind and name say enough."""
    fields = sorted(line["after"] or {}) if line["action"] == "updated" else []
    return {**line, "change": ": ".join([line["action"], *([", ".join(fields)] if fields else [])])}
