"""How results are shown: JSON for programs, tables for people. Results go to stdout, everything else to stderr."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any

import typer

from penstock.commands.cli.durations import format_duration

_AT = re.compile(r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|\+00:00)$")
"""A time of the control plane: people need no microseconds."""
MAX_PADDED_WIDTH = 40
"""Cells are padded up to so many characters in a pipe: one long one does not widen all the other lines."""
GAP = 2
PROSE = frozenset(
    {
        "message",
        "description",
        "before",
        "after",
        "change",
        "tags",
        "roles",
        "request",
        "response",
        "predicts",
        "blocked.reason",
    }
)
"""Columns whose text may go on in a further line; all others are names, numbers and times."""
MAX_DESCRIPTION = 80
"""Characters of a description, which may have thousands, in a list; `-o wide`, JSON and `show` have all of it."""
MIN_PROSE_WIDTH = 24
INDENT = 19
DURATIONS = frozenset({"window", "schedule", "delay", "duration", "cool_down", "time_limit", "repeat_interval"})
"""Fields that hold a duration of the API's, which people read as `1 h`."""
HEADINGS = {
    "running_versions": "running", "total_versions": "versions", "auth_enabled": "auth", "created_at": "created",
    "model_source.model": "model", "model_source.version": "model version", "ready_replicas": "ready",
    "desired_replicas": "wanted", "traffic_weight": "traffic", "resource_kind": "kind", "resource_name": "name",
    "memory_bytes": "memory", "cpu_cores": "cpu", "started_at": "started", "last_used_at": "last used",
    "expires_at": "expires", "price_per_hour": "price/h", "last_seen": "last seen", "updated_at": "updated",
    "free_cores": "free cores", "gib": "GiB", "free_gib": "free GiB",
    "blocked.reason": "reason", "execution_duration_ms": "ms", "status_code": "status",
    "client_request_id": "client id",
    "requests_per_second": "requests/s", "errors_per_second": "errors/s", "latency_p99_ms": "p99 ms",
    "last_15_minutes": "last 15 min",
}  # fmt: skip
"""What a column is called for people, where that is not the field's own name."""


class Format(StrEnum):
    """What `-o` takes; `wide`: every column and all of its text, however narrow the terminal."""

    TABLE = "table"
    WIDE = "wide"
    JSON = "json"


Output = Annotated[Format, typer.Option("--output", "-o", help="How to show the result.")]


def show_all(
    items: Iterable[Mapping[str, Any]],
    columns: Sequence[str],
    output: Format,
    *,
    of: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = None,
    droppable_first: Sequence[str] = (),
) -> None:
    """A list: a JSON array, or a table with one row per item, or per what `of` makes of it for people.

    Where a terminal has no room, columns in `droppable_first` go before all others.
    """
    rows: list[Mapping[str, Any]] = list(items)
    if output is Format.JSON:
        print(json.dumps(rows, ensure_ascii=False))
        return
    rows = [of(row) for row in rows] if of else rows
    cells = {column: [_cell(column, _field_at(row, column)) for row in rows] for column in columns}
    if output is Format.TABLE and "description" in cells:
        cells["description"] = [_shortened(cell) for cell in cells["description"]]
    if sys.stdout.isatty():
        _print_table(cells, None if output is Format.WIDE else droppable_first)
    else:
        _print_lines(cells)


def _print_lines(cells: Mapping[str, Sequence[str]]) -> None:
    """A line for each row, for `grep` and the like: nothing wraps."""
    columns = [[_heading(column), *(cell.replace("\n", ", ") for cell in found)] for column, found in cells.items()]
    widths = [max(len(cell) for cell in column if len(cell) <= MAX_PADDED_WIDTH) for column in columns]
    for row in zip(*columns, strict=True):
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _print_table(cells: Mapping[str, Sequence[str]], droppable_first: Sequence[str] | None) -> None:
    """For a terminal; `droppable_first` None: every column stays."""
    from rich.console import Console  # noqa: PLC0415 - programs read JSON
    from rich.table import Column, Table  # noqa: PLC0415

    width = Console().width
    shown = list(cells) if droppable_first is None else _fit_columns(cells, width, droppable_first)
    heads = (Column(_heading(column), no_wrap=column not in PROSE, overflow="fold") for column in shown)
    table = Table(*heads, box=None, pad_edge=False, header_style="bold")
    for row in zip(*(cells[column] for column in shown), strict=True):
        table.add_row(*row)
    # A name that is wider than the terminal goes on in its next line: cut short it would be a wrong one.
    least = sum(_width(column, cells[column]) + GAP for column in shown) - GAP
    Console(markup=False, highlight=False, width=max(width, least)).print(table)


def show_one(item: Mapping[str, Any], fields: Sequence[str], output: Format) -> None:
    """One resource: a JSON object, or a line per field."""
    if output is Format.JSON:
        print(json.dumps(item, ensure_ascii=False))
        return
    for field in fields:
        if (value := _field_at(item, field)) not in (None, "", [], {}):
            print(f"{field:<18} {plain_text(_format_field(field, value))}".replace("\n", "\n" + " " * INDENT))


def show_deleted(name: str, output: Format) -> None:
    """What was asked to be deleted is gone."""
    show_one({"name": name, "deleted": True}, ("name", "deleted"), output)


def plain_text(text: str) -> str:
    """Several lines of it."""
    return "\n".join(plain_line(line) for line in text.split("\n"))


def plain_line(text: str) -> str:
    """Text of a model or a user for a terminal: what would steer it (ESC and the like) is shown, not obeyed."""
    return "".join(ch if ch.isprintable() or ch == "\t" else ch.encode("unicode_escape").decode() for ch in text)


def _fit_columns(cells: Mapping[str, Sequence[str]], width: int, droppable_first: Sequence[str] = ()) -> list[str]:
    """As many of the columns as there is room for: the last ones go first, the first one stays; prose wraps."""
    shown = list(cells)
    while len(shown) > 1 and sum(_width(column, cells[column]) + GAP for column in shown) - GAP > width:
        expendable = [column for column in droppable_first if column in shown]
        droppable = [column for column in shown[1:] if column not in PROSE]
        shown.remove(expendable[0] if expendable else droppable[-1] if droppable else shown[-1])
    return shown


def _width(column: str, cells: Sequence[str]) -> int:
    from rich.cells import cell_len  # noqa: PLC0415

    widest = max((cell_len(line) for cell in (_heading(column), *cells) for line in cell.split("\n")), default=0)
    return min(widest, MIN_PROSE_WIDTH) if column in PROSE else widest


def _heading(column: str) -> str:
    return HEADINGS.get(column, column).upper()


def _cell(column: str, value: Any) -> str:
    if column == "memory_bytes" and isinstance(value, int):
        return f"{value / 2**20:.0f} MiB"
    return plain_text(_format_field(column, value))


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return text if len(line) <= MAX_DESCRIPTION else f"{line[: MAX_DESCRIPTION - 1].rstrip()}…"


def _field_at(item: Mapping[str, Any], path: str) -> Any:
    found: Any = item
    for part in path.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _format_field(path: str, value: Any) -> str:
    if isinstance(value, str) and path.rpartition(".")[2] in DURATIONS:
        return format_duration(value)
    return _format_value(value)


def _format_value(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping) and any(isinstance(one, Mapping | list) for one in value.values()):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, Mapping):
        return " ".join(f"{key}={_format_field(key, one)}" for key, one in value.items())
    if isinstance(value, list):
        return "\n".join(_format_value(one) for one in value)
    return _AT.sub(r"\1Z", str(value))
