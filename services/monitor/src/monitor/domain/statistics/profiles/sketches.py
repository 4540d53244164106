"""The sketches of Apache DataSketches that profiles hold, with their sizes."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any

import datasketches
import numpy as np
import numpy.typing as npt

QUANTILES_K = 400
"""Rank error 0.7 % (99 %); exact below a few hundred values; 10 KB."""
DISTINCT_LG_K = 12
"""Relative error 1.6 % (one standard deviation); 2 KB in its compact form."""
FREQUENT_LG_SIZE = 10
"""Items with more than 0.35 % of all values are never missed."""


def new_quantiles() -> datasketches.kll_doubles_sketch:
    """Empty."""
    return datasketches.kll_doubles_sketch(QUANTILES_K)


def read_quantiles(data: bytes) -> datasketches.kll_doubles_sketch:
    """ValueError where it is none."""
    return _read(datasketches.kll_doubles_sketch, data)


def merged_quantiles(one: bytes | None, other: bytes | None) -> bytes | None:
    """Of both."""
    if one is None or other is None:
        return one or other
    sketch = read_quantiles(one)
    sketch.merge(read_quantiles(other))
    return bytes(sketch.serialize())


def weighted_values(data: bytes) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """The values that a quantile sketch kept, rising, and how many each stands for."""
    sketch = read_quantiles(data)
    pairs = np.array(list(sketch), dtype=np.float64).reshape(-1, 2)
    order = np.argsort(pairs[:, 0], kind="stable")
    return pairs[order, 0], pairs[order, 1]


def ranks_below(data: bytes, limits: Sequence[float]) -> list[float]:
    """The share of values below each of the limits."""
    sketch = read_quantiles(data)
    return [float(sketch.get_rank(limit, False)) for limit in limits]


def rank_error(data: bytes | None) -> float:
    """How far ranks may be off (99 %); 0 while every value is kept."""
    if data is None:
        return 0.0
    sketch = read_quantiles(data)
    return float(sketch.normalized_rank_error(False)) if sketch.is_estimation_mode() else 0.0


def new_distinct() -> datasketches.hll_sketch:
    """Empty."""
    return datasketches.hll_sketch(DISTINCT_LG_K)


def count_distinct(sketch: datasketches.hll_sketch, items: Iterable[str] | Iterable[float]) -> None:
    """The library takes one value a call; a deque of length 0 is the cheapest loop there is."""
    deque(map(sketch.update, items), maxlen=0)


def read_distinct(data: bytes) -> datasketches.hll_sketch:
    """ValueError where it is none."""
    return _read(datasketches.hll_sketch, data)


def merged_distinct(one: bytes | None, other: bytes | None) -> bytes | None:
    """Of both."""
    if one is None or other is None:
        return one or other
    union = datasketches.hll_union(DISTINCT_LG_K)
    union.update(read_distinct(one))
    union.update(read_distinct(other))
    return bytes(union.get_result().serialize_compact())


def new_frequent() -> datasketches.frequent_strings_sketch:
    """Empty."""
    return datasketches.frequent_strings_sketch(FREQUENT_LG_SIZE)


def read_frequent(data: bytes) -> datasketches.frequent_strings_sketch:
    """ValueError where it is none."""
    return _read(datasketches.frequent_strings_sketch, data)


def merged_frequent(one: bytes | None, other: bytes | None) -> bytes | None:
    """Of both."""
    if one is None or other is None:
        return one or other
    sketch = read_frequent(one)
    sketch.merge(read_frequent(other))
    return bytes(sketch.serialize())


def frequent_texts(data: bytes) -> list[tuple[str, int]]:
    """Texts that are certainly frequent, the most frequent first, with estimated counts."""
    found = read_frequent(data).get_frequent_items(datasketches.frequent_items_error_type.NO_FALSE_POSITIVES)
    return sorted(((item, int(estimate)) for item, estimate, *_ in found), key=lambda pair: (-pair[1], pair[0]))


def _read(kind: Any, data: bytes) -> Any:
    try:
        return kind.deserialize(data)
    except Exception as error:
        raise ValueError(f"not a {kind.__name__}: {error}") from error
