"""How results are shown: JSON for programs, tables for people. Results go to stdout, everything else to stderr."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any

import typer

_AT = re.compile(r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|\+00:00)$")
"""A time of the control plane: people need no microseconds."""


class Format(StrEnum):
    """What `-o` takes."""

    TABLE = "table"
    JSON = "json"


Output = Annotated[Format, typer.Option("--output", "-o", help="How to show the result.")]


def show_all(items: Iterable[Mapping[str, Any]], columns: Sequence[str], output: Format) -> None:
    """A list: a JSON array, or a table with one row per item."""
    rows = list(items)
    if output is Format.JSON:
        print(json.dumps(rows, ensure_ascii=False))
        return
    from rich.console import Console  # noqa: PLC0415 - programs read JSON
    from rich.table import Table  # noqa: PLC0415

    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*(_plain(_at(row, column)) for column in columns))
    # In a pipe there is no width, and a name that is cut short would be a wrong name.
    width = None if sys.stdout.isatty() else 10_000
    Console(markup=False, highlight=False, width=width).print(table)


def show_one(item: Mapping[str, Any], fields: Sequence[str], output: Format) -> None:
    """One resource: a JSON object, or a line per field."""
    if output is Format.JSON:
        print(json.dumps(item, ensure_ascii=False))
        return
    for field in fields:
        if (value := _at(item, field)) not in (None, "", [], {}):
            print(f"{field:<18} {_plain(value)}")


def plain_line(text: str) -> str:
    """Text of a model for a terminal: what would steer it (ESC and the like) is shown, not obeyed."""
    return "".join(ch if ch.isprintable() or ch == "\t" else ch.encode("unicode_escape").decode() for ch in text)


def _at(item: Mapping[str, Any], path: str) -> Any:
    found: Any = item
    for part in path.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _plain(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return " ".join(f"{key}={_plain(one)}" for key, one in value.items())
    if isinstance(value, list):
        return "\n".join(_plain(one) for one in value)
    return _AT.sub(r"\1Z", str(value))
