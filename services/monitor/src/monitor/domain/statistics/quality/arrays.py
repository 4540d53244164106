"""Labels, predictions and scores as texts and numbers of one length."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from monitor.domain.statistics.profiles import values
from shared.filters.types import is_text


def as_array(data: Any) -> pa.Array:
    """An Arrow array, chunked or not, a NumPy array or a list. ValueError where it cannot be one."""
    if isinstance(data, pa.ChunkedArray):
        data = data.combine_chunks()
    if isinstance(data, pa.Array):
        return values.plain(data)
    try:
        return pa.array(data, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise ValueError(f"not a column: {error}") from error


def texts(array: pa.Array) -> pa.Array:
    """Classes as texts, nulls kept: 1, 1.0 and "1" are one class. ValueError: lists and structs."""
    if pa.types.is_floating(array.type) or pa.types.is_decimal(array.type):
        present = pc.is_valid(array)
        chosen = iter(values.texts(array.drop_null()).to_pylist())
        return pa.array([next(chosen) if is_there else None for is_there in present.to_pylist()], pa.string())
    try:
        return array.cast(pa.string())
    except pa.ArrowNotImplementedError as error:
        raise ValueError(f"not classes: {error}") from error


def paired_texts(labels: pa.Array, predictions: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Both as classes; where one side has booleans and the other numbers, true and 1 are one class, as in NumPy."""
    sides = (labels, predictions)
    if {pa.types.is_boolean(each.type) for each in sides} == {True, False} and not any(is_text(s.type) for s in sides):
        labels, predictions = (s.cast(pa.int8()) if pa.types.is_boolean(s.type) else s for s in sides)
    return texts(labels), texts(predictions)


def doubles(array: pa.Array) -> npt.NDArray[np.float64]:
    """Numbers, NaN where there is none. ValueError where the array holds texts that are none."""
    try:
        cast = pc.cast(array, pa.float64(), safe=False)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise ValueError(f"not numbers: {error}") from error
    return np.asarray(cast.to_numpy(zero_copy_only=False), dtype=np.float64)


def score_columns(scores: Mapping[str, Any], rows: int) -> dict[str, npt.NDArray[np.float64]]:
    """Probabilities by class. ValueError where one is outside of 0 to 1, or there are not as many as rows."""
    columns = {name: doubles(as_array(column)) for name, column in scores.items()}
    for name, column in columns.items():
        if len(column) != rows:
            raise ValueError(f"{len(column)} scores of class {name!r} for {rows} rows")
        if bool(((column < 0) | (column > 1)).any()):
            raise ValueError(f"scores of class {name!r} are not probabilities")
    return columns


def with_complement(
    columns: dict[str, npt.NDArray[np.float64]], classes: Iterable[str]
) -> dict[str, npt.NDArray[np.float64]]:
    """Of two classes one score is enough: the other is what is left."""
    missing = [name for name in classes if name not in columns]
    if len(columns) == 1 and len(missing) == 1:
        return {**columns, missing[0]: 1 - next(iter(columns.values()))}
    return columns
