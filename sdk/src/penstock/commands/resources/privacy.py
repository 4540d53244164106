"""`penstock versions masking-preview`."""

from __future__ import annotations

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
