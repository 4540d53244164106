"""Requests of one row each to try a model with: out of its example, varied, and made up from its signature.

A model whose rows depend on each other shows it only beside rows that differ from its own: in order, in size, in which
texts there are. So there are rows of the usual size, of far greater and of far smaller numbers; integers, texts, times
and bytes as well as floats. The caller leaves out what a model does not take.
"""

from __future__ import annotations

import base64
import datetime
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson

from penstock_runtime.payloads.parsing import FORMATS, ScoringRequest
from penstock_runtime.payloads.schema import Column, ColumnSchema, Schema, Tensor

EXAMPLE_ROWS = 8
VARIED_ROWS = 8
MADE_UP_ROWS = 12
MAX_ELEMENTS = 100_000
"""Numbers in one made-up row of tensors; models of larger ones are tried with their example alone."""
_SHIFTS = (0.0, 0.0, 5.0, -5.0)
"""By row: of the usual size twice, greater, smaller; in standard deviations, or shares of the example's value."""
_WORDS = ("alpha", "beta", "gamma", "delta", "a", "b", "c", "yes", "no", "red", "green", "blue")


@dataclass(frozen=True)
class SyntheticRows:
    """Payloads of one row each, and how several are written as one request."""

    rows: Sequence[Any]
    request: Callable[[Sequence[Any]], ScoringRequest]


def example_rows(body: bytes) -> SyntheticRows | None:
    """Rows of an example as it is sent, then some that were varied; None where its elements are not rows."""
    document = orjson.loads(body)
    form = next((name for name in FORMATS if name in document), None)
    if form is None:
        return None
    payload, params = document[form], document.get("params")
    found = _rows_of(form, payload)
    if found is None or not found[0]:
        return None
    rows, write = found
    step = max(1, len(rows) // EXAMPLE_ROWS)
    chosen = rows[::step][:EXAMPLE_ROWS]
    varied = [vary_row(row, rows, number) for number, row in enumerate((chosen * VARIED_ROWS)[:VARIED_ROWS])]
    return SyntheticRows([*chosen, *varied], lambda some: ScoringRequest(form, write(some), params))


def _rows_of(form: str, payload: Any) -> tuple[list[Any], Callable[[Sequence[Any]], Any]] | None:
    if form == "dataframe_split" and isinstance(payload, dict) and isinstance(payload.get("data"), list):
        columns = {"columns": payload["columns"]} if "columns" in payload else {}
        return payload["data"], lambda rows: {**columns, "data": list(rows)}
    if isinstance(payload, list):
        return payload, list
    if isinstance(payload, dict) and payload and all(isinstance(each, list) for each in payload.values()):
        lengths = {len(each) for each in payload.values()}
        if len(lengths) == 1:
            names = list(payload)
            rows = [[payload[name][i] for name in names] for i in range(lengths.pop())]
            return rows, lambda some: {name: [row[i] for row in some] for i, name in enumerate(names)}
    return None


def vary_row(row: Any, others: Sequence[Any], number: int) -> Any:
    """Another row of the same kind: numbers moved, a little or far, and texts of another row."""
    chance = random.Random(number)  # noqa: S311 — no secret
    shift, scale = _SHIFTS[number % len(_SHIFTS)], (1.0, 1.5, 0.5)[number % 3]
    other = others[chance.randrange(len(others))]
    return _varied(row, other, (shift, scale), chance)


def _varied(value: Any, other: Any, move: tuple[float, float], chance: random.Random) -> Any:
    if isinstance(value, list):
        same = isinstance(other, list) and len(other) == len(value)
        return [_varied(each, other[i] if same else each, move, chance) for i, each in enumerate(value)]
    if isinstance(value, dict):
        same = isinstance(other, dict) and other.keys() == value.keys()
        return {name: _varied(each, other[name] if same else each, move, chance) for name, each in value.items()}
    if type(value) is float:
        return value * move[1] + move[0] * max(1.0, abs(value)) + chance.random()
    if type(value) is int:
        return value + int(move[0]) * max(1, abs(value)) + chance.randrange(5)
    return other if type(other) is type(value) and chance.random() < 0.7 else value


def made_up_rows(schema: Schema | None) -> SyntheticRows | None:
    """Rows out of nothing but a signature; None where there is none that is read here."""
    if schema is None:
        return None
    if isinstance(schema, ColumnSchema):
        columns = schema.columns
        if any(column.kind not in _KINDS for column in columns):  # arrays, objects: their example has to do
            return None
        names = list(schema.names)
        rows: list[Any] = [[_cell(column, number, i) for i, column in enumerate(columns)] for number in _numbers()]
        return SyntheticRows(
            rows, lambda some: ScoringRequest("dataframe_split", {"columns": names, "data": list(some)})
        )
    if sum(_elements(tensor) for tensor in schema.tensors) > MAX_ELEMENTS:
        return None
    rows = [[_element(tensor, number) for tensor in schema.tensors] for number in _numbers()]
    if not schema.is_named:
        return SyntheticRows(rows, lambda some: ScoringRequest("inputs", [row[0] for row in some]))
    labels = [str(tensor.name) for tensor in schema.tensors]
    return SyntheticRows(
        rows, lambda some: ScoringRequest("inputs", {name: [row[i] for row in some] for i, name in enumerate(labels)})
    )


def _numbers() -> range:
    return range(MADE_UP_ROWS)


def _cell(column: Column, number: int, place: int) -> Any:
    chance = random.Random(1000 * number + place)  # noqa: S311 — no secret
    if not column.is_required and chance.random() < 0.25 and column.kind not in {"long", "integer"}:
        return None
    return _KINDS[column.kind](chance, _SHIFTS[number % len(_SHIFTS)])


_EPOCH = datetime.datetime(2021, 3, 4, 5, 6, 7, tzinfo=datetime.UTC)
_KINDS: dict[str, Callable[[random.Random, float], Any]] = {
    "double": lambda chance, shift: chance.gauss(shift, 1.0),
    "float": lambda chance, shift: float(np.float32(chance.gauss(shift, 1.0))),
    "long": lambda chance, shift: int(shift) + chance.randrange(10),
    "integer": lambda chance, shift: int(shift) + chance.randrange(10),
    "boolean": lambda chance, shift: chance.random() < 0.5,
    "string": lambda chance, shift: chance.choice(_WORDS),
    "binary": lambda chance, shift: base64.b64encode(chance.randbytes(8)).decode(),
    "datetime": lambda chance, shift: (_EPOCH + datetime.timedelta(hours=shift * 24 + chance.randrange(500))).strftime(
        "%Y-%m-%dT%H:%M:%S"
    ),
}


def _elements(tensor: Tensor) -> int:
    return int(np.prod([abs(length) for length in tensor.shape[1:]], dtype=np.int64)) if tensor.shape else 1


def _element(tensor: Tensor, number: int) -> Any:
    """One row of a tensor; lengths that are free are 2."""
    shape = [2 if length == -1 else length for length in tensor.shape[1:]]
    chance, shift = np.random.default_rng(number), _SHIFTS[number % len(_SHIFTS)]
    kind = tensor.dtype.kind
    if kind == "f":
        return chance.normal(shift, 1.0, shape).astype(tensor.dtype).astype(float).tolist()
    if kind == "b":
        return (chance.random(shape) < 0.5).tolist()
    if kind == "U":
        return np.array(chance.choice(_WORDS, shape)).tolist()
    low = 0 if kind == "u" else int(shift)
    return chance.integers(low, low + 10, shape).tolist()
