"""Columns and values of PostgreSQL as Arrow's, and a value of a growing column as the position that is kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pyarrow as pa

from inference_logger.domain.labels.values import LONGEST_TEXT
from shared.errors import InvalidInput

_TYPES = {
    16: pa.bool_(),
    **dict.fromkeys((20, 21, 23), pa.int64()),
    **dict.fromkeys((700, 701), pa.float64()),
    **dict.fromkeys((19, 25, 1042, 1043, 2950, 3802), pa.string()),
    **dict.fromkeys((1082, 1114, 1184), pa.timestamp("us", "UTC")),
}
"""By PostgreSQL's numbers of types: bool, integers, floats, texts and uuid, dates and times."""
_NUMERIC, _JSONB = 1700, 3802
_LONG_TEXTS = frozenset({25, 1042, 1043})


def arrow_type(column: Any) -> pa.DataType:
    """Of a column that a cursor describes."""
    found = _TYPES.get(column.type_code)
    if column.type_code == _NUMERIC:
        return pa.int64() if column.scale == 0 and (column.precision or 99) <= 18 else pa.float64()
    return found if found is not None else pa.binary()  # of no use, unless nobody wants it


def quoted_column(name: str) -> str:
    """A column of `source`, in SQL."""
    return f'source."{name.replace(chr(34), chr(34) * 2)}"'


def fetched_column(column: Any) -> str:
    """What is fetched of it: of a text no more than tells that it is too long, since rows come many at a time."""
    if column.type_code == _JSONB:
        return f"left({quoted_column(column.name)} #>> '{{}}', {LONGEST_TEXT + 1})"
    is_text = column.type_code in _LONG_TEXTS
    return f"left({quoted_column(column.name)}::text, {LONGEST_TEXT + 1})" if is_text else quoted_column(column.name)


def record_batch(rows: Sequence[Sequence[Any]], schema: pa.Schema) -> pa.RecordBatch:
    """Rows of a cursor, whose first columns are those of `schema`."""
    arrays = [pa.array([_plain(row[place], each.type) for row in rows], each.type) for place, each in enumerate(schema)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _plain(found: Any, kind: pa.DataType) -> Any:
    if found is None or pa.types.is_binary(kind):
        return None
    if isinstance(found, Decimal):
        return int(found) if pa.types.is_integer(kind) else float(found)
    if isinstance(found, datetime):
        return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
    if isinstance(found, date):
        return datetime(found.year, found.month, found.day, tzinfo=UTC)
    return str(found) if pa.types.is_string(kind) else found


def stored_position(value: Any) -> dict[str, Any]:
    """A value of a growing column, as it is kept. Raises `InvalidInput` for one that has no order."""
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal, str, datetime, date, UUID)):
        raise InvalidInput("the growing column is neither a number, a text nor a time")
    text = value.isoformat() if isinstance(value, (datetime, date)) else str(value)
    return {"kind": type(value).__name__, "value": text}


_READ: Mapping[str, Callable[[str], Any]] = {
    "int": int,
    "float": float,
    "Decimal": Decimal,
    "str": str,
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "UUID": UUID,
}


def position_value(position: Mapping[str, Any], growing: str) -> Any:
    """The inverse of what is kept; None: from the beginning."""
    if position.get("column") != growing or position.get("kind") not in _READ:
        return None
    return _READ[position["kind"]](position["value"])
