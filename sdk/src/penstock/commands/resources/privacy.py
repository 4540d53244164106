"""`penstock versions masking-preview` and `penstock erasures`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from penstock.commands.cli.connection import connect
from penstock.commands.cli.output import Format, Output, show_all, show_one

Service = Annotated[str, typer.Argument(help="Name of the service.")]
ACTIONS = ("hash", "mask", "drop")
PREVIEW = ("request_id", "changed", "request", "response", "logging_error_codes")


def masking_preview(
    service: Service,
    name: Annotated[str, typer.Argument(help="Name of the version.")],
    *,
    mask: Annotated[
        list[str] | None, typer.Option(help="COLUMN=hash, =mask or =drop; repeat. Default: the version's rules.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=100, help="The newest requests.")] = 10,
    output: Output = Format.TABLE,
) -> None:
    """Show recorded requests as masking rules would leave them; nothing is stored."""
    rules = [_rule(text) for text in mask] if mask else None
    with connect() as client:
        found = client.preview_masking(service, name, rules, limit=limit)
    if output is Format.JSON:
        show_one(found, (), output)
        return
    show_all(found["items"], PREVIEW, output)
    if found["untouched_columns"]:
        typer.echo(f"rules that change none of these requests: {', '.join(found['untouched_columns'])}", err=True)


def _rule(text: str) -> dict[str, str]:
    column, _, action = text.rpartition("=")
    if not column or action not in ACTIONS:
        raise typer.BadParameter(f"{text!r} is no COLUMN=hash, COLUMN=mask or COLUMN=drop")
    return {"column": column, "action": action}


app = typer.Typer(help="Erasures: rows that go from every table of a service, for good.", no_args_is_help=True)

ERASURES = ("id", "status", "by", "column", "subjects", "ordered_at", "final_by", "creator")
ERASURE = (*ERASURES, "receipt")


@app.command("list")
def list_erasures(service: Service, output: Output = Format.TABLE) -> None:
    """List erasures, newest first."""
    with connect() as client:
        show_all(client.erasures(service), ERASURES, output)


@app.command("show")
def show_erasure(
    service: Service,
    identity: Annotated[str, typer.Argument(metavar="ID", help="Id of the erasure.")],
    output: Output = Format.TABLE,
) -> None:
    """Show an erasure with its receipt."""
    with connect() as client:
        show_one(client.erasure(service, identity), ERASURE, output)


@app.command("order")
def order_erasure(
    service: Service,
    *,
    client_request_id: Annotated[
        list[str] | None, typer.Option(help="As the caller gave it; repeat. `-`: one a line from stdin.")
    ] = None,
    request_id: Annotated[
        list[str] | None, typer.Option(help="X-Request-Id of the answer; repeat. `-`: one a line from stdin.")
    ] = None,
    column: Annotated[str | None, typer.Option(help="A column whose values say who.")] = None,
    value: Annotated[
        list[str] | None, typer.Option(help="A value of the column; repeat. `-`: one a line from stdin.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    output: Output = Format.TABLE,
) -> None:
    """Have rows removed from every table of a service, old files included. It cannot be undone."""
    ids, request_ids, values = (_given(found) for found in (client_request_id, request_id, value))
    if not yes:
        count = sum(len(found or ()) for found in (ids, request_ids, values))
        named = "1 id or value" if count == 1 else f"{count} ids or values"
        typer.confirm(f"Erase every row of {named} from the tables of {service}?", abort=True)
    with connect() as client:
        found = client.erase(service, client_request_ids=ids, request_ids=request_ids, column=column, values=values)
    show_one(found, ERASURES, output)


def _given(texts: list[str] | None) -> list[str] | None:
    """What no other process of the machine should see comes from stdin."""
    if texts != ["-"]:
        return texts
    return [line for line in sys.stdin.read().splitlines() if line]
