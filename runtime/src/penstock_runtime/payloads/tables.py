"""A payload in one of the table formats → columns, each with the place that its values came from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from penstock_runtime.errors import COMPAT, Loc, RequestRefused, invalid, quote_value
from penstock_runtime.payloads.parsing import CSV
from penstock_runtime.payloads.scalars import parse_csv_cell
from penstock_runtime.payloads.schema import ColumnSchema


@dataclass(frozen=True, slots=True)
class Table:
    """A payload by columns: `values[i]` belongs to `names[i]`; `place(row, i)` says where in the payload a value is."""

    names: Sequence[Any]
    values: Sequence[Sequence[Any]]
    rows: int
    place: Callable[[int, int], Loc]
    index: list[Any] | None = None


def read_table(form: str, payload: Any, schema: ColumnSchema) -> Table:
    """The payload as columns, in the caller's order; values unchecked.

    Raises:
        RequestRefused: 400, not the shape that the format has.
    """
    if form == "dataframe_split":
        return _split(payload, schema)
    if form == CSV:
        return _csv(payload, schema)
    if isinstance(payload, dict) and form == "inputs":
        return _single_row(payload, schema) if schema.has_nested else _by_column(payload, schema)
    if not schema.is_named and form in {"inputs", "instances"} and not isinstance(payload, (list, dict)):
        payload = [payload]
    if not isinstance(payload, list):
        raise invalid(f"{form} must be a list", (form,))
    if payload and not isinstance(payload[0], dict):
        return _positional(form, payload, schema)
    return _records(form, payload, schema)


def _split(payload: Any, schema: ColumnSchema) -> Table:
    if not isinstance(payload, dict):
        raise invalid("dataframe_split must be an object with columns and data", ("dataframe_split",))
    if unknown := sorted(payload.keys() - {"columns", "data", "index"}):
        raise invalid(f"unknown keys in dataframe_split: {', '.join(unknown)[:200]}", ("dataframe_split",))
    data = payload.get("data")
    if not isinstance(data, list):
        raise invalid("dataframe_split needs data, a list of rows", ("data",))
    names = _column_names(payload.get("columns"), data, schema)
    index = payload.get("index")
    if index is not None and (not isinstance(index, list) or len(index) != len(data)):
        raise invalid("index must be a list with one entry for each row", ("index",))
    return Table(names, _transposed(data, len(names), "data"), len(data), lambda row, i: ("data", row, i), index)


def _column_names(columns: Any, data: list[Any], schema: ColumnSchema) -> list[Any]:
    if columns is None and not schema.has_text_names:
        first = data[0] if data else schema.names
        return list(range(len(first) if isinstance(first, (list, tuple)) else 1))
    if not isinstance(columns, list):
        raise invalid("dataframe_split needs columns, a list of names", ("columns",))
    wanted, said = (str, "strings") if schema.has_text_names else (_NAMES, "strings or numbers")
    for i, name in enumerate(columns):
        if not isinstance(name, wanted):
            raise invalid(f"column names must be {said}; columns[{i}] is {quote_value(name)}", ("columns", i))
    names = columns if schema.has_text_names else [schema.name_of(name) for name in columns]
    if len(set(names)) != len(names):
        repeated = sorted({str(name) for name in names if names.count(name) > 1})
        raise invalid(f"duplicate columns: {', '.join(repeated)[:400]}", ("columns",))
    return names


_NAMES = (str, int, float, type(None))


def _transposed(rows: list[Any], width: int, at: str) -> Sequence[Sequence[Any]]:
    for i, row in enumerate(rows):
        if type(row) is not list:
            raise invalid(f"row {i} is not a list", (at, i))
        if len(row) != width:
            raise invalid(f"row {i} has {len(row)} values; there are {width} columns", (at, i))
    return list(zip(*rows, strict=True)) if rows else [()] * width


def _positional(form: str, payload: list[Any], schema: ColumnSchema) -> Table:
    is_flat = not isinstance(payload[0], list)
    names = _positions(schema, is_flat=is_flat)
    if names is None:
        listed = ", ".join(map(str, schema.names))[:400]
        raise invalid(f"rows of {form} must be objects with the model's column names: {listed}", (form, 0))
    rows = [[value] for value in payload] if is_flat else payload
    return Table(names, _transposed(rows, len(names), form), len(rows), lambda row, i: (form, row, i))


def _positions(schema: ColumnSchema, *, is_flat: bool) -> Sequence[Any] | None:
    """What columns without names are called: by their position, or as the only one there is."""
    if not schema.has_text_names:
        return range(len(schema.columns))
    return schema.names if is_flat and len(schema.columns) == 1 else None


def _records(form: str, payload: list[Any], schema: ColumnSchema) -> Table:
    for i, record in enumerate(payload):
        if not isinstance(record, dict):
            raise invalid(f"row {i} is not an object", (form, i))
    if not payload:
        return Table(schema.names, [()] * len(schema.names), 0, lambda row, i: (form, row, i))
    keys = list(payload[0]) if _are_alike(payload) else _union(form, payload, schema)
    values = [[record.get(key) for record in payload] for key in keys]
    return Table(_names_of(keys, schema), values, len(payload), lambda row, i: (form, row, keys[i]))


def _names_of(keys: list[str], schema: ColumnSchema) -> list[Any]:
    return keys if schema.has_text_names else [schema.name_of(key) for key in keys]


def _are_alike(records: list[dict[str, Any]]) -> bool:
    keys = records[0].keys()
    return all(record.keys() == keys for record in records)


def _union(form: str, records: list[dict[str, Any]], schema: ColumnSchema) -> list[str]:
    """All names that occur, where no record leaves a required one out that another has."""
    names = list(dict.fromkeys(name for record in records for name in record))
    for name in names:
        column = schema.by_name.get(schema.name_of(name))
        if not column.is_required if column is not None else schema.is_named:  # what is not known is told as a whole
            continue
        null = "; send null for a missing number" if column is not None and column.kind in {"double", "float"} else ""
        for row, record in enumerate(records):
            if name not in record:
                raise invalid(f"row {row} has no value for column {name!r}{null}", (form, row, name))
    return names


def _single_row(payload: dict[str, Any], schema: ColumnSchema) -> Table:
    """`inputs` as an object of cells: where cells may be lists, it is always one row, as in MLflow."""
    keys = list(payload)
    return Table(_names_of(keys, schema), [[value] for value in payload.values()], 1, lambda _, i: ("inputs", keys[i]))


def _by_column(payload: dict[str, Any], schema: ColumnSchema) -> Table:
    """`inputs` as an object: a list for each column, or one row of single values."""
    lists = [isinstance(value, list) for value in payload.values()]
    keys = list(payload)
    if not any(lists):
        return _single_row(payload, schema)
    if not all(lists):
        raise invalid("inputs must have a list for each column, or one value for each", ("inputs",))
    rows = len(next(iter(payload.values())))
    for key, value in payload.items():
        if len(value) != rows:
            raise invalid(f"column {key!r} has {len(value)} values, {keys[0]!r} has {rows}", ("inputs", key))
    return Table(_names_of(keys, schema), list(payload.values()), rows, lambda row, i: ("inputs", keys[i], row))


def _csv(lines: list[list[str]], schema: ColumnSchema) -> Table:
    names = _column_names(lines[0], lines[1:], schema)
    columns = _transposed(lines[1:], len(names), "csv")
    values = []
    for i, (name, column) in enumerate(zip(names, columns, strict=True)):
        known = schema.by_name.get(name) if schema.is_named else _at(schema, i)
        values.append([parse_csv_cell(cell, known.kind) for cell in column] if known else column)
    return Table(names, values, len(lines) - 1, lambda row, i: ("csv", row, names[i]))


def _at(schema: ColumnSchema, position: int) -> Any:
    return schema.columns[position] if position < len(schema.columns) else None


def match_columns(table: Table, schema: ColumnSchema) -> list[int]:
    """The table's columns in the model's order: for each one that is there, its place in the table.

    Raises:
        RequestRefused: 400, columns missing or extra, by name.
    """
    if not schema.is_named:
        return _by_position(table, schema)
    if tuple(table.names) == schema.names:
        return list(range(len(table.names)))
    at = {name: i for i, name in enumerate(table.names)}
    missing = [column.name for column in schema.columns if column.is_required and column.name not in at]
    extra = [name for name in table.names if name not in schema.by_name]
    if missing or extra:
        raise _columns_differ(missing, extra)
    return [at[name] for name in schema.names if name in at]


def _by_position(table: Table, schema: ColumnSchema) -> list[int]:
    if len(table.names) != len(schema.columns):
        raise invalid(f"the model takes {len(schema.columns)} columns; {len(table.names)} were sent", ("columns",))
    return list(range(len(table.names)))


def _columns_differ(missing: Iterable[Any], extra: Iterable[Any]) -> RequestRefused:
    parts: list[str] = []
    details: list[tuple[Loc, str]] = []
    for word, names in (("missing", missing), ("extra", extra)):
        if listed := list(map(str, names)):
            ignored = f" ({COMPAT} ignores them)" if word == "extra" and not parts else ""
            parts.append(f"{word} columns: {', '.join(listed)[:400]}{ignored}")
            details += [(("columns", name), f"{word} column") for name in listed[:50]]
    return RequestRefused(400, "INVALID_PARAMETER_VALUE", "; ".join(parts), details)
