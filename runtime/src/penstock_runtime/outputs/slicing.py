"""Which answers are rows, and whose: decided by structure, never by a length that may coincide.

Rows are the first axis of arrays, Series, DataFrames and sparse matrices, the elements of a list of values or records,
and objects of such. Tuples, lists of arrays, frames or tuples (one for each target, as `predict_proba` has them) and
objects with anything else beside their rows are an answer to the whole request: they are never cut.

`structure_of` names what a caller can see of an answer besides its values: types, labels, order, the shape of a row. A
shared answer is cut only where its structure is one that answers of single requests have too, and where the number of
rows was seen to follow the number that was asked for (`StructureReferences`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any

import numpy as np
import pandas as pd

from penstock_runtime.outputs.encoding import JsonSafeList, is_json_safe, to_sliceable
from penstock_runtime.outputs.structures import MAX_KINDS, OutputStructure


def structure_of(output: Any, rows: int) -> OutputStructure | None:
    """The structure of an answer to `rows` rows; None where it cannot be cut into them."""
    if isinstance(output, np.ndarray):
        return _of_array(output, rows)
    if isinstance(output, (pd.DataFrame, pd.Series, pd.Index, pd.api.extensions.ExtensionArray)):
        return OutputStructure(_table_name(output)) if len(output) == rows else None
    if isinstance(output, dict):
        return _of_dict(output, rows)
    if hasattr(output, "toarray"):
        shape = output.shape
        return OutputStructure(f"sparse {dtype_name(output.dtype)} {shape[1:]}") if shape[0] == rows else None
    return _of_elements("list", output) if type(output) in {list, JsonSafeList} and len(output) == rows else None


def _table_name(table: Any) -> str:
    if isinstance(table, pd.DataFrame):
        return f"frame {[*map(repr, table.columns)]} {[*map(dtype_name, table.dtypes)]}"
    return f"{type(table).__name__} {dtype_name(table.dtype)}"


def _of_array(array: np.ndarray[Any, Any], rows: int) -> OutputStructure | None:
    if array.ndim == 0 or array.shape[0] != rows:
        return None
    name = f"{type(array).__name__} {dtype_name(array.dtype)} {array.shape[1:]}"
    return _of_elements(name, array.reshape(-1).tolist()) if array.dtype.kind == "O" else OutputStructure(name)


def _of_dict(output: Mapping[Any, Any], rows: int) -> OutputStructure | None:
    parts: list[str] = []
    kinds: set[str] = set()
    for name, value in output.items():
        part = structure_of(value, rows)
        if part is None:
            return None
        parts.append(f"{name!r}: {part.container}")
        kinds.update(f"{name!r}: {kind}" for kind in part.kinds)
    return OutputStructure(f"{type(output).__name__} {{{', '.join(parts)}}}", frozenset(kinds)) if parts else None


_PLAIN = frozenset((str, int, float, bool, type(None)))


def _of_elements(name: str, elements: Sequence[Any]) -> OutputStructure | None:
    types = set(map(type, elements))
    if types <= _PLAIN:  # the common case, without a look at each
        return OutputStructure(name, frozenset(each.__name__ for each in types))
    kinds: set[str] = set()
    for element in elements:
        kind = _kind_of(element)
        if kind is None or len(kinds) > MAX_KINDS:
            return None
        kinds.add(kind)
    return OutputStructure(name, frozenset(kinds))


_CONTAINERS = (tuple, set, frozenset, np.ndarray, pd.DataFrame, pd.Series, pd.Index, pd.api.extensions.ExtensionArray)


def _kind_of(element: Any) -> str | None:
    """What one element of a list is; None where it may be an answer of its own, for a target or for a column."""
    if type(element) is dict:
        parts = [(repr(name), _kind_of(value)) for name, value in element.items()]
        return None if any(kind is None for _, kind in parts) else str(parts)
    if type(element) is list:
        kinds = {_kind_of(value) for value in element}
        return None if None in kinds else f"[{', '.join(sorted(map(str, kinds)))}]"
    if isinstance(element, (*_CONTAINERS, dict, list)) or hasattr(element, "toarray") or hasattr(element, "__array__"):
        return None if not isinstance(element, np.generic) else type(element).__name__
    return type(element).__name__


def dtype_name(dtype: Any) -> str:
    """A type without what depends on the values: how long the longest text is, which categories there are."""
    if isinstance(dtype, pd.CategoricalDtype):
        return f"category of {dtype_name(dtype.categories.dtype)}"
    kind = getattr(dtype, "kind", "")
    return str(kind) if kind in {"U", "S"} else str(dtype)


def split_plain(output: Any, counts: Sequence[int]) -> list[Any]:
    """Each caller's rows in plain form; only for what has a structure."""
    if isinstance(output, dict):
        return _by_name({name: split_plain(value, counts) for name, value in output.items()}, len(counts))
    output = to_sliceable(output)
    if isinstance(output, np.ndarray) and output.ndim == 1 and is_json_safe(output):
        return [JsonSafeList(each) for each in _slices(output.tolist(), counts)]
    return list(_slices(output, counts))


def split_typed(output: Any, counts: Sequence[int]) -> list[Any]:
    """Each caller's rows, of the output's own type; only for what has a structure."""
    if isinstance(output, dict):
        return _by_name({name: split_typed(value, counts) for name, value in output.items()}, len(counts))
    if isinstance(output, (pd.DataFrame, pd.Series)):
        return list(_slices(output.iloc, counts))
    return list(_slices(output.tocsr() if hasattr(output, "tocsr") else output, counts))


def _by_name(parts: dict[Any, list[Any]], callers: int) -> list[Any]:
    return [{name: part[i] for name, part in parts.items()} for i in range(callers)]


def _slices(rows: Any, counts: Sequence[int]) -> Iterator[Any]:
    for start, count in zip(accumulate(counts, initial=0), counts, strict=False):
        yield rows[start : start + count]
