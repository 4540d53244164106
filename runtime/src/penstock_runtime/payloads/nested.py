"""Cells of nested columns (arrays, objects, maps), as strict inside as plain columns are.

MLflow turns null in an array of strings into "n", and 2**63 into a negative number; and it refuses whole numbers where
an array has doubles, every datetime, and 32-bit numbers. Here each value is checked by the rule of its type, and handed
on in the form that MLflow's own enforcement, which runs before the model, lets pass: nothing is left for it to convert.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from penstock_runtime.errors import Loc
from penstock_runtime.payloads.scalars import CONVERTERS, NAN, BadValue, LossyValue, to_datetime, to_string

if TYPE_CHECKING:
    from penstock_runtime.payloads.schema import Column


class _BadCell(ValueError):
    """A value inside a cell, and where it stands in it."""

    def __init__(self, at: Loc, value: Any, reason: str) -> None:
        super().__init__(reason)
        self.at = at
        self.value = value
        self.reason = reason


def is_supported_type(spec: Any) -> bool:
    """Whether each type inside an MLflow type is known here."""
    kind = type(spec).__name__
    if kind == "DataType":
        return spec.name in CONVERTERS
    if kind == "Array":
        return is_supported_type(spec.dtype)
    if kind == "Map":
        return is_supported_type(spec.value_type)
    if kind == "Object":
        return all(is_supported_type(each.dtype) for each in spec.properties)
    return kind == "AnyType"


def convert_cells(cells: Sequence[Any], column: Column, *, as_arrays: bool) -> Sequence[Any]:
    """A column's cells; `as_arrays`: outermost arrays are NumPy's, as MLflow has them where rows come as `inputs`.

    Raises:
        BadValue: the first cell that cannot be taken, with the place inside it.
    """
    return [_cell(row, cell, column.nested, column.is_required, as_arrays) for row, cell in enumerate(cells)]


def _cell(row: int, cell: Any, spec: Any, is_required: bool, as_arrays: bool) -> Any:
    try:
        value = _value(cell, spec, is_required, ())
    except _BadCell as bad:
        raise BadValue(row, bad.value, bad.reason, bad.at) from None
    if not as_arrays or not isinstance(value, list):
        return value
    try:
        return np.array(value)
    except ValueError:
        reason = "has lists of different lengths, which inputs cannot hold; dataframe_records can"
        raise BadValue(row, cell, reason) from None


def _value(value: Any, spec: Any, is_required: bool, at: Loc) -> Any:
    kind = type(spec).__name__
    if kind == "AnyType" or (value is None and not is_required):
        return value
    if value is None and kind == "DataType":
        raise _BadCell(at, None, f"is not a {spec.name}")
    return _READERS[kind](value, spec, is_required, at)


def _scalar(value: Any, spec: Any, _: bool, at: Loc) -> Any:
    try:
        return _SCALARS.get(spec.name, CONVERTERS[spec.name])(value)
    except LossyValue as reason:
        raise _BadCell(at, value, str(reason)) from None


def _array(value: Any, spec: Any, is_required: bool, at: Loc) -> Any:
    inner = spec.dtype
    if value is None and type(inner).__name__ == "AnyType":
        return value
    if not isinstance(value, list):
        raise _BadCell(at, value, "is not a list")
    if type(inner).__name__ == "DataType":
        values = [_element(each, inner, (*at, i)) for i, each in enumerate(value)]
        return np.array(values, dtype=_ARRAYS[inner.name]) if values and inner.name in _ARRAYS else values
    return [_value(each, inner, is_required, (*at, i)) for i, each in enumerate(value)]


def _element(value: Any, spec: Any, at: Loc) -> Any:
    return NAN if value is None and spec.name in {"double", "float"} else _value(value, spec, True, at)


def _map(value: Any, spec: Any, is_required: bool, at: Loc) -> Any:
    if value is None and type(spec.value_type).__name__ == "AnyType":
        return value
    if not isinstance(value, dict):
        raise _BadCell(at, value, "is not an object")
    return {key: _value(each, spec.value_type, is_required, (*at, key)) for key, each in value.items()}


def _object(value: Any, spec: Any, is_required: bool, at: Loc) -> Any:
    if not isinstance(value, dict):
        raise _BadCell(at, value, "is not an object")
    if not is_required and not value:
        return value
    properties = {each.name: each for each in spec.properties}
    if missing := [name for name, each in properties.items() if each.required and name not in value]:
        raise _BadCell(at, value, f"lacks properties: {', '.join(missing)[:200]}")
    if extra := sorted(value.keys() - properties.keys()):
        raise _BadCell(at, value, f"has properties that the model does not know: {', '.join(extra)[:200]}")
    return {
        name: _value(each, properties[name].dtype, properties[name].required, (*at, name))
        for name, each in value.items()
    }


_READERS: dict[str, Callable[[Any, Any, bool, Loc], Any]] = {
    "DataType": _scalar,
    "Array": _array,
    "Map": _map,
    "Object": _object,
}
# In the types that MLflow lets pass; bytes inside a cell it does not decode, and models are trained with that.
_SCALARS: dict[str, Callable[[Any], Any]] = {
    "integer": lambda value: np.int32(CONVERTERS["integer"](value)),
    "float": lambda value: np.float32(CONVERTERS["float"](value)),
    "datetime": lambda value: pd.Timestamp(to_datetime(value)),
    "binary": to_string,
}
_ARRAYS = {"integer": "int32", "float": "float32", "datetime": "datetime64[ns]"}
