"""Values of a column as numbers or texts that can be counted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from monitor.domain.statistics.kinds import ColumnKind, kind_of
from monitor.domain.statistics.profiles.bins import number_text

_SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
_DAY_S = 86_400.0


@dataclass(frozen=True)
class Numbers:
    """The finite numbers of a batch, and how many were not."""

    finite: npt.NDArray[np.float64]
    nans: int
    infinities: int


def plain(array: pa.Array) -> pa.Array:
    """Dictionaries become what they stand for."""
    return array.dictionary_decode() if pa.types.is_dictionary(array.type) else array


def kind_of_array(array: pa.Array, wanted: ColumnKind | None) -> ColumnKind:
    """As its type says; numbers, dates and texts can be taken as categories instead."""
    own = kind_of(str(array.type))
    if wanted is None or wanted == own:
        return own
    is_possible = wanted == ColumnKind.CATEGORICAL and own in (ColumnKind.NUMERIC, ColumnKind.TEMPORAL)
    return wanted if is_possible else own


def numbers(array: pa.Array) -> Numbers:
    """Of a numeric or temporal array without nulls; times are seconds since 1970 (of day, where there is no day)."""
    raw = _as_doubles(array)
    is_finite = np.isfinite(raw)
    finite = raw if is_finite.all() else raw[is_finite]
    nans = int(np.isnan(raw).sum()) if len(finite) < len(raw) else 0
    return Numbers(finite, nans, len(raw) - len(finite) - nans)


def _as_doubles(array: pa.Array) -> npt.NDArray[np.float64]:
    kind = array.type
    scale = 1.0
    if pa.types.is_date32(kind):
        array, scale = array.cast(pa.int32()), _DAY_S
    elif pa.types.is_date64(kind):
        array, scale = array.cast(pa.int64()), _SECONDS["ms"]
    elif pa.types.is_timestamp(kind) or pa.types.is_time64(kind):
        array, scale = array.cast(pa.int64()), _SECONDS[kind.unit]
    elif pa.types.is_time32(kind):
        array, scale = array.cast(pa.int32()), _SECONDS[kind.unit]
    if not pa.types.is_float64(array.type):
        # Integers beyond 2^53 are rounded, not refused.
        array = pc.cast(array, pa.float64(), safe=False)
    raw = np.asarray(array.to_numpy(zero_copy_only=False), dtype=np.float64)
    return raw if scale == 1.0 else raw * scale


def texts(array: pa.Array) -> pa.Array:
    """Of an array without nulls that is taken as categories; whole numbers are written without a point."""
    if pa.types.is_floating(array.type) or pa.types.is_decimal(array.type):
        return pa.array([number_text(value) for value in _as_doubles(array)], pa.string())
    return array if pa.types.is_string(array.type) else array.cast(pa.string())


def counted_texts(array: pa.Array) -> list[tuple[str, int]]:
    """Each distinct text of the batch with its count."""
    counts = pc.value_counts(array)
    return list(zip(counts.field("values").to_pylist(), counts.field("counts").to_pylist(), strict=True))


def counted_numbers(array: npt.NDArray[np.float64], most: int) -> list[tuple[float, int]] | None:
    """Each distinct number of the batch with its count; None: more than `most` of them."""
    counts = pc.value_counts(pa.array(array))
    if len(counts) > most:
        return None
    return list(zip(counts.field("values").to_pylist(), counts.field("counts").to_pylist(), strict=True))
