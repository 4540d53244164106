"""Rows of doubles, the commonest payload, on the shortest way: checked row by row, joined into one block of floats.

Only what needs no second look comes this way: the model's own columns in its own order, nothing but numbers that a
double holds exactly, and nulls, which NumPy reads as NaN. All else is for `inputs`, which says what is wrong with it.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Hashable, Sequence
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd

from penstock_runtime.payloads.parsing import ScoringRequest
from penstock_runtime.payloads.schema import ColumnSchema

EXACT = 2**53
"""Every whole number up to here is a double."""
NOISE = 1e-9
"""Relative; sums in another order differ by some 1e-15."""
Block = np.ndarray[Any, np.dtype[np.float64]]


class BlockBuilder:
    """What a model with columns of doubles takes: DataFrames, or arrays where it gives the same answers for them.

    scikit-learn spends three times as long on a DataFrame as on the array inside it.
    """

    def __init__(self, schema: ColumnSchema) -> None:
        self.names = list(schema.names)
        self.takes_arrays = False
        self._index = pd.Index(self.names)

    def build(self, block: Block) -> Any:
        """A block of shape (rows, columns) as the model takes it."""
        return block if self.takes_arrays else pd.DataFrame(block, columns=self._index, copy=False)

    def probe_arrays(self, predict: Callable[[Any], Any]) -> None:
        """Let `predict` show whether the frame around a block makes a difference, missing numbers included."""
        full = np.random.default_rng(0).normal(size=(5, len(self.names)))
        holed = full.copy()
        holed[1, 0] = np.nan
        framed = [_predict_or_raised(predict, self.build(sample)) for sample in (full, holed)]
        bare = [_predict_or_raised(predict, sample) for sample in (full, holed)]
        self.takes_arrays = framed[0] is not _RAISED and all(map(_are_same, framed, bare))
        if self.takes_arrays:  # it says so at each call
            warnings.filterwarnings("ignore", message="X does not have valid feature names")


class BlockRows:
    """The checked rows of one caller."""

    __slots__ = ("builder", "data", "key", "rows")

    def __init__(self, data: list[list[float | None]], builder: BlockBuilder) -> None:
        self.data = data
        self.builder = builder
        self.rows = len(data)
        self.key: Hashable | None = "block"

    def join(self, others: Sequence[BlockRows]) -> Any:
        """These rows and those of `others`, in this order, as the model takes them."""
        data = list(chain(self.data, *(other.data for other in others))) if others else self.data
        return self.builder.build(np.array(data, dtype=np.float64))


_RAISED = object()


def _predict_or_raised(predict: Callable[[Any], Any], sample: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return predict(sample)
        except (Exception, SystemExit):  # noqa: BLE001 — a model raises what it likes about what it cannot take
            return _RAISED


def _are_same(framed: Any, bare: Any) -> bool:
    """Whether these are the same answers; the last bits depend on how pandas lays a block out in memory."""
    if framed is _RAISED and bare is _RAISED:
        return True
    if type(framed) is not type(bare) or not isinstance(bare, np.ndarray) or framed.dtype != bare.dtype:
        return False
    if bare.dtype.kind == "f":
        return framed.shape == bare.shape and np.allclose(framed, bare, rtol=NOISE, atol=0.0, equal_nan=True)
    return np.array_equal(framed, bare)


def block_builder_for(schema: Any) -> BlockBuilder | None:
    """For a table of named, required doubles; None for every other schema."""
    if not isinstance(schema, ColumnSchema) or not schema.is_named:
        return None
    is_plain = all(column.kind == "double" and column.is_required for column in schema.columns)
    return BlockBuilder(schema) if is_plain else None


def read_block_rows(request: ScoringRequest, builder: BlockBuilder) -> BlockRows | None:
    """The rows of a payload that is exactly what the model takes; None for any other."""
    payload = request.payload
    if request.format == "dataframe_split":
        if type(payload) is not dict or len(payload) != 2 or payload.get("columns") != builder.names:
            return None
        data = payload.get("data")
    elif type(payload) is list and all(type(row) is dict and list(row) == builder.names for row in payload):
        data = [list(row.values()) for row in payload]
    else:
        return None
    width = len(builder.names)
    if type(data) is not list or not data or not all(map(_is_row, data)):
        return None
    return BlockRows(data, builder) if all(len(row) == width for row in data) else None


_FLOATS = {float}
_NUMBERS = {float, int, type(None)}


def _is_row(row: Any) -> bool:
    if type(row) is not list:
        return False
    kinds = set(map(type, row))
    return kinds == _FLOATS or (
        kinds <= _NUMBERS and all(type(value) is not int or -EXACT <= value <= EXACT for value in row)
    )
