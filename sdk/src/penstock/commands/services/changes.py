"""What changed, and what would change: `--dry-run` of edits, and `penstock versions history`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

import typer

from penstock.commands.cli.connection import connect
from penstock.commands.cli.output import Format, Output, show_all, show_one

if TYPE_CHECKING:
    from penstock.client.types import UpdatePreview

DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Say what would change and whether pods are replaced; change nothing.")
]
LINES = ("at", "actor", "action", "generation", "change")


def history(
    service: Annotated[str, typer.Argument(help="Name of the service.")],
    name: Annotated[str, typer.Argument(help="Name of the version.")],
    limit: Annotated[int, typer.Option(min=1, help="So many changes at most.")] = 50,
    output: Output = Format.TABLE,
) -> None:
    """Show who changed what of a version, newest first, before and after."""
    with connect() as client:
        found = islice(client.history(service, name, page_size=min(limit, 1000)), limit)
        show_all(found, LINES, output, of=lambda entry: {**entry, "change": _lines(entry["changes"])})


def show_preview(preview: UpdatePreview, output: Format) -> None:
    """What a dry run found."""
    shown: dict[str, Any] = {**preview}
    if output is not Format.JSON:
        shown["changes"] = _lines(preview["changes"]) or ["nothing"]
    show_one(shown, ("changes", "replaces_pods", "effective_weights"), output)


def _lines(changes: list[Any]) -> list[str]:
    return [f"{each['field']}: {_value(each['before'])} → {_value(each['after'])}" for each in changes]


def _value(value: Any) -> str:
    if value is None:
        return "-"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, Mapping | list | bool) else str(value)
