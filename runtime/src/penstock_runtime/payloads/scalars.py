"""One column's values → values of the column's type: without loss, or not at all.

MLflow's own server turns 1.5 into 1, "false" into true, an overflow into a negative number and epoch milliseconds into
nanoseconds. Here a value is taken where the column's type can say the same thing, and else refused with its row.

A column whose values are all of the natural JSON type passes on a look at their types alone: that is the common case,
and costs about 0.3 µs.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from penstock_runtime.errors import COMPAT, Loc

INT64 = (-(2**63), 2**63 - 1)
INT32 = (-(2**31), 2**31 - 1)
FLOAT_MAX = float(np.finfo(np.float32).max)
NAT = INT64[0]
_ISO = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?)?", re.ASCII)


class LossyValue(ValueError):
    """A value that the type cannot hold; the text completes a sentence that starts with the value."""


class BadValue(ValueError):
    """A value of a column that was refused, its row, and its place inside the cell of a nested column."""

    def __init__(self, row: int, value: Any, reason: str, at: Loc = ()) -> None:
        super().__init__(reason)
        self.row = row
        self.at = at
        self.value = value
        self.reason = reason


def _integer(value: Any, limits: tuple[int, int], bits: int) -> int:
    if type(value) is float and value.is_integer():
        value = int(value)
    if type(value) is not int:
        raise LossyValue("is not an integer")
    if not limits[0] <= value <= limits[1]:
        raise LossyValue(f"does not fit into {bits} bits")
    return value


def to_long(value: Any) -> int:
    """A 64-bit integer."""
    return _integer(value, INT64, 64)


def to_integer(value: Any) -> int:
    """A 32-bit integer."""
    return _integer(value, INT32, 32)


def to_double(value: Any) -> float:
    """A 64-bit float; integers that it holds exactly."""
    if type(value) is float:
        return value
    if type(value) is not int:
        raise LossyValue("is not a number")
    if not INT64[0] <= value <= INT64[1] or int(float(value)) != value:
        raise LossyValue("cannot be held exactly by a double")
    return float(value)


def to_float(value: Any) -> float:
    """A 32-bit float: decimal fractions are rounded as every float is; integers must be held exactly."""
    if type(value) is float:
        if abs(value) > FLOAT_MAX:
            raise LossyValue("does not fit into a 32-bit float")
        return value
    if type(value) is not int:
        raise LossyValue("is not a number")
    if abs(value) > INT64[1] or int(np.float32(value)) != value:
        raise LossyValue("cannot be held exactly by a 32-bit float")
    return float(value)


def to_boolean(value: Any) -> bool:
    """True or false, and nothing that stands for them."""
    if type(value) is not bool:
        raise LossyValue("is not a boolean")
    return value


def to_string(value: Any) -> str:
    """Text."""
    if type(value) is not str:
        raise LossyValue("is not a string")
    return value


def to_binary(value: Any) -> bytes:
    """Bytes, sent as base64; lines may be broken, as `base64.encodebytes` and MIME encoders do."""
    if type(value) is not str:
        raise LossyValue("is not a base64 string")
    text = value if value.isalnum() else "".join(value.split())
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise LossyValue("is not base64 of the standard alphabet") from None


def to_datetime(value: Any) -> int:
    """Nanoseconds since the epoch, of an ISO 8601 text; an offset becomes UTC. Numbers do not say their unit."""
    if type(value) is not str or not _ISO.fullmatch(value):
        raise LossyValue("is not an ISO 8601 date or time")
    try:
        return int(pd.Timestamp(value).value)
    except (ValueError, OverflowError):
        raise LossyValue("is not a date between 1677 and 2262") from None


CONVERTERS: dict[str, Callable[[Any], Any]] = {
    "long": to_long,
    "integer": to_integer,
    "double": to_double,
    "float": to_float,
    "boolean": to_boolean,
    "string": to_string,
    "binary": to_binary,
    "datetime": to_datetime,
}
# The JSON type that needs no more than a range check.
_NATURAL: dict[str, type] = {
    "long": int,
    "integer": int,
    "double": float,
    "float": float,
    "boolean": bool,
    "string": str,
}
_RANGES: dict[str, tuple[float, float]] = {"long": INT64, "integer": INT32, "float": (-FLOAT_MAX, FLOAT_MAX)}
NAN = float("nan")
# What stands for null in every column of these, required ones too: `required` says that there must be a column, and
# JSON has no other word for a missing number.
_MISSING_NUMBERS: dict[str, Any] = {"double": NAN, "float": NAN}
# What stands for null where a column is optional; integers have nothing, as in MLflow.
_NULLS: dict[str, Any] = {**_MISSING_NUMBERS, "datetime": NAT, "string": None, "boolean": None, "binary": None}
_REQUIRED = "is not allowed: the column is required"
_NO_INTEGER = "cannot be held by an integer column; a double column of the model's signature takes it as NaN"
# Why a required column takes no null, and what MLflow makes of it where it makes anything.
_NO_NULL: dict[str, str] = {
    "long": _NO_INTEGER,
    "integer": _NO_INTEGER,
    "boolean": f"{_REQUIRED}; {COMPAT} makes it false",
    "string": f"{_REQUIRED}; {COMPAT} passes it on",
    "datetime": f"{_REQUIRED}; {COMPAT} makes it NaT",
    "binary": _REQUIRED,
}


def convert_column(values: Sequence[Any], kind: str, *, is_required: bool) -> Sequence[Any]:
    """A column's values as the type's own.

    Raises:
        BadValue: the first value that cannot be taken.
    """
    natural = _NATURAL.get(kind)
    if set(map(type, values)) == {natural}:
        limits = _RANGES.get(kind)
        if limits is None or (limits[0] <= min(values) and max(values) <= limits[1]):
            return values
    return [_convert(row, value, kind, is_required) for row, value in enumerate(values)]


def _convert(row: int, value: Any, kind: str, is_required: bool) -> Any:
    if value is None:
        return _null(row, kind, is_required)
    try:
        return CONVERTERS[kind](value)
    except LossyValue as reason:
        raise BadValue(row, value, str(reason)) from None


def _null(row: int, kind: str, is_required: bool) -> Any:
    taken = _MISSING_NUMBERS if is_required else _NULLS
    if kind not in taken:
        raise BadValue(row, None, _NO_NULL[kind])
    return taken[kind]


def parse_csv_cell(text: str, kind: str) -> Any:
    """A CSV cell as the JSON value that it stands for; an empty one is null, save in a column of text."""
    if kind in {"string", "binary"}:
        return text
    cell = text.strip()
    if not cell:
        return None
    if kind == "boolean":
        return {"true": True, "false": False}.get(cell.lower(), text)
    if kind == "datetime":
        return cell
    return _number(cell, text)


def _number(cell: str, text: str) -> Any:
    try:
        return int(cell) if cell.lstrip("+-").isdigit() and len(cell) < 400 else _finite(cell)
    except ValueError:
        return text


def _finite(cell: str) -> float:
    number = float(cell)
    if not np.isfinite(number) or "_" in cell:
        raise ValueError(cell)
    return number
