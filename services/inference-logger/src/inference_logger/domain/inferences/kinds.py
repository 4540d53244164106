"""Kinds of columns, and Python values → Arrow columns of a kind, without loss or not at all. No I/O.

A kind is `bigint`, `double`, `boolean`, `string`, `timestamp`, `json` (text), or an array of one of the first five:
`double_array`, `double_array2` for arrays of arrays, and so on. `<name>__<kind>` is what a second column is called.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import chain
from typing import Any

import orjson
import pyarrow as pa

JSON = "json"
ARRAY = "_array"
MOST_DIMENSIONS = 8
"""Arrays that are nested deeper are JSON."""
TYPES: dict[str, pa.DataType] = {
    "bigint": pa.int64(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "string": pa.string(),
    "timestamp": pa.timestamp("us", "UTC"),
    JSON: pa.string(),
}
NATURAL: dict[str, frozenset[type]] = {
    "bigint": frozenset({int}),
    "double": frozenset({int, float}),
    "boolean": frozenset({bool}),
    "string": frozenset({str}),
}
"""JSON's types that a column takes as they are; all else is looked at value by value."""
SEEN = {int: "bigint", float: "double", bool: "boolean", str: "string"}
NONE = type(None)
TOO_DEEP = '"nested too deep to be kept"'


def array_kind(scalar: str, dimensions: int) -> str:
    """The kind of an array of that many dimensions; of the scalar itself for 0."""
    if dimensions == 0 or scalar == JSON:
        return scalar
    return JSON if dimensions > MOST_DIMENSIONS else f"{scalar}{ARRAY}{dimensions if dimensions > 1 else ''}"


def scalar_and_dimensions(kind: str) -> tuple[str, int]:
    """The inverse of `array_kind`."""
    scalar, is_array, dimensions = kind.partition(ARRAY)
    return scalar, int(dimensions or 1) if is_array else 0


def is_kind(text: str) -> bool:
    """Whether a column's kind is called so."""
    scalar, is_array, dimensions = text.partition(ARRAY)
    return scalar in TYPES and (not is_array or not dimensions or dimensions.isdecimal())


def arrow_type(kind: str) -> pa.DataType:
    """Of a column of that kind."""
    scalar, dimensions = scalar_and_dimensions(kind)
    result = TYPES[scalar]
    for _ in range(dimensions):
        result = pa.list_(result)
    return result


def kind_of(found: pa.DataType) -> str | None:
    """The kind of a column of that type; None: no kind of ours."""
    dimensions = 0
    while pa.types.is_list(found) or pa.types.is_large_list(found):
        found, dimensions = found.value_type, dimensions + 1
    if pa.types.is_large_string(found):
        found = pa.string()
    if pa.types.is_timestamp(found):
        return array_kind("timestamp", dimensions)
    scalar = next((kind for kind, known in TYPES.items() if known == found), None)
    return None if scalar is None else array_kind(scalar, dimensions)


def to_array(kind: str, values: Sequence[Any]) -> tuple[pa.Array, list[int]]:
    """A column of the kind; and the places of values that it cannot hold, which are null in it."""
    if kind == JSON:
        return pa.array([None if value is None else json_text(value) for value in values], pa.string()), []
    scalar, dimensions = scalar_and_dimensions(kind)
    if _is_natural(values, NATURAL.get(scalar, frozenset()), dimensions):
        try:
            return pa.array(values, arrow_type(kind)), []
        except (pa.ArrowInvalid, OverflowError):  # an integer beyond 64 bits, or beyond what a double holds exactly
            pass
    return _one_by_one(kind, values, scalar, dimensions)


def _is_natural(values: Sequence[Any], natural: frozenset[type], dimensions: int) -> bool:
    for _ in range(dimensions):
        if not set(map(type, values)) <= {list, NONE}:
            return False
        values = list(chain.from_iterable(value for value in values if value is not None))
    return set(map(type, values)) <= natural | {NONE}


def _one_by_one(kind: str, values: Sequence[Any], scalar: str, dimensions: int) -> tuple[pa.Array, list[int]]:
    taken: list[Any] = []
    misfits: list[int] = []
    for place, value in enumerate(values):
        try:
            taken.append(_coerced(value, COERCIONS[scalar], dimensions))
        except ValueError:
            taken.append(None)
            misfits.append(place)
    return pa.array(taken, arrow_type(kind)), misfits


def _coerced(value: Any, coerce: Callable[[Any], Any], dimensions: int) -> Any:
    if value is None:
        return None
    if dimensions == 0:
        return coerce(value)
    if type(value) is not list:
        raise ValueError("not a list")
    return [_coerced(each, coerce, dimensions - 1) for each in value]


def _to_bigint(value: Any) -> int:
    if type(value) is float and value.is_integer():
        value = int(value)
    if type(value) is not int or not -(2**63) <= value < 2**63:
        raise ValueError("no 64-bit integer")
    return value


def _to_double(value: Any) -> float:
    if type(value) not in {int, float} or (type(value) is int and abs(value) > 2**53 and int(float(value)) != value):
        raise ValueError("no double")
    return float(value)


def _to_boolean(value: Any) -> bool:
    if type(value) is not bool:
        raise ValueError("no boolean")
    return value


def _to_string(value: Any) -> str:
    if type(value) is not str:
        raise ValueError("no text")
    return value


def _to_timestamp(value: Any) -> datetime:
    if type(value) is not str:
        raise ValueError("no time")
    time = datetime.fromisoformat(value)
    try:
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("no time that can be told in UTC") from error


COERCIONS: dict[str, Callable[[Any], Any]] = {
    "bigint": _to_bigint,
    "double": _to_double,
    "boolean": _to_boolean,
    "string": _to_string,
    "timestamp": _to_timestamp,
}


def json_text(value: Any) -> str:
    """As JSON."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:  # it is nested deeper than 254 levels: no model server takes that
        return TOO_DEEP
