"""Whether two answers of a model are equal: the same structure, types, labels and order; what is no float, exactly.

Floats are equal within a share of their value, since sums come out in another order for another number of rows: 1e-6
(64 bits), 1e-4 (32 bits), 1e-2 (16 bits). Near zero, where a share says nothing, `FLOORS` hold.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from penstock_runtime.outputs.encoding import JsonSafeList
from penstock_runtime.outputs.slicing import dtype_name

TOLERANCES = {2: 1e-2, 4: 1e-4, 8: 1e-6, 16: 1e-6}
FLOORS = {2: 1e-4, 4: 1e-7, 8: 1e-12, 16: 1e-12}
"""By the number of bytes of a float."""


def are_equal(one: Any, other: Any) -> bool:
    """Whether a caller would get the same; what cannot be compared is not equal."""
    try:
        return _are_equal(one, other)
    except Exception:  # noqa: BLE001 — objects of a model's own may raise when they are compared
        return False


def _are_equal(one: Any, other: Any) -> bool:
    if _kind(one) is not _kind(other):
        return False
    if isinstance(one, np.ndarray) or hasattr(one, "toarray"):
        return _arrays(*(each if isinstance(each, np.ndarray) else each.toarray() for each in (one, other)))
    if isinstance(one, (pd.DataFrame, pd.Series, pd.Index, pd.api.extensions.ExtensionArray)):
        return _tables(one, other)
    if isinstance(one, dict):
        return list(one) == list(other) and all(_are_equal(one[name], other[name]) for name in one)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(_are_equal, one, other))
    return _scalars(one, other)


def _kind(value: Any) -> type:
    kind = type(value)
    if kind is JsonSafeList:
        return list
    return pd.Index if kind is pd.RangeIndex else kind


def _arrays(one: np.ndarray[Any, Any], other: np.ndarray[Any, Any]) -> bool:
    if one.shape != other.shape or dtype_name(one.dtype) != dtype_name(other.dtype):
        return False
    if one.dtype.kind == "f":
        size = one.dtype.itemsize
        return bool(np.allclose(one, other, rtol=TOLERANCES[size], atol=FLOORS[size], equal_nan=True))
    if one.dtype.kind in "OV":
        return all(map(_are_equal, one.reshape(-1).tolist(), other.reshape(-1).tolist()))
    if one.dtype.kind in "mM":
        return bool(((one == other) | (np.isnat(one) & np.isnat(other))).all())
    return bool((one == other).all())


def _tables(one: Any, other: Any) -> bool:
    if isinstance(one, pd.DataFrame):
        if list(one.columns) != list(other.columns) or len(one) != len(other):
            return False
        return all(_tables(one.iloc[:, i], other.iloc[:, i]) for i in range(one.shape[1]))
    if dtype_name(one.dtype) != dtype_name(other.dtype):
        return False
    values = [np.asarray(each) for each in (one, other)]
    if values[0].dtype.kind == "O":  # nullable and categorical ones too: value by value
        return _are_equal(list(one), list(other))
    return _arrays(*values)


def _scalars(one: Any, other: Any) -> bool:
    if isinstance(one, (float, np.floating)):
        size = getattr(one, "itemsize", 8) if isinstance(one, np.floating) else 8
        both_nan = math.isnan(one) and math.isnan(other)
        return both_nan or math.isclose(one, other, rel_tol=TOLERANCES[size], abs_tol=FLOORS[size])
    if one is other or (pd.api.types.is_scalar(one) and pd.isna(one) and pd.isna(other)):
        return True
    return bool(one == other)
