"""Types of columns: in words, and which of them can be compared, ordered, counted."""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Mapping
from datetime import date, time
from decimal import Decimal
from typing import Any

import pyarrow as pa

TIME_COLUMNS = ("request_time", "labelled_at", "window_start", "window_end", "at")
"""Columns that a table's rows are ordered by, the first that it has."""


def is_text(kind: pa.DataType) -> bool:
    """Whether values are strings."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def is_number(kind: pa.DataType) -> bool:
    """Whether values are numbers."""
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def is_simple(kind: pa.DataType) -> bool:
    """Whether values can be ordered: numbers, texts, booleans, times."""
    return bool(is_text(kind) or is_number(kind) or pa.types.is_boolean(kind) or pa.types.is_temporal(kind))


def kind_of(kind: pa.DataType) -> str:
    """The type in the words of SQL."""
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return f"ARRAY<{kind_of(kind.value_type)}>"
    if pa.types.is_struct(kind):
        return f"STRUCT<{', '.join(f'{field.name}: {kind_of(field.type)}' for field in kind)}>"
    if pa.types.is_map(kind):
        return f"MAP<{kind_of(kind.key_type)}, {kind_of(kind.item_type)}>"
    if pa.types.is_timestamp(kind):
        return "TIMESTAMP" if kind.tz else "TIMESTAMP_NTZ"
    if is_text(kind):
        return "STRING"
    return _SQL.get(str(kind), str(kind).upper())


_SQL = {
    "bool": "BOOLEAN",
    "int8": "TINYINT",
    "int16": "SMALLINT",
    "int32": "INT",
    "int64": "BIGINT",
    "float": "FLOAT",
    "double": "DOUBLE",
    "date32[day]": "DATE",
    "binary": "BINARY",
    "large_binary": "BINARY",
}


def time_column(schema: pa.Schema) -> str | None:
    """The column that `from` and `to` mean; None where the table has no time."""
    known = [name for name in TIME_COLUMNS if name in schema.names]
    times = [field.name for field in schema if pa.types.is_timestamp(field.type)]
    return next((name for name in (*known, *times) if pa.types.is_timestamp(schema.field(name).type)), None)


def plain(value: Any) -> Any:
    """A value of a row as JSON has it: times in ISO 8601, bytes in base64, what is no number null."""
    if isinstance(value, Mapping):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return next((write(value) for kinds, write in _WRITTEN if isinstance(value, kinds)), value)


_WRITTEN: tuple[tuple[Any, Callable[[Any], Any]], ...] = (
    (float, lambda value: value if math.isfinite(value) else None),
    (date | time, lambda value: value.isoformat()),
    (bytes, lambda value: base64.b64encode(value).decode()),
    (Decimal, str),
)
