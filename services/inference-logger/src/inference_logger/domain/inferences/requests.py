"""What was asked: the text of a request → rows of features. Every format that a model server takes. No I/O."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import orjson

from inference_logger.domain.inferences.signatures import UNNAMED_TENSOR, Signature
from shared.counted import counted

FORMATS = ("dataframe_split", "dataframe_records", "instances", "inputs")
BESIDE = frozenset(("params", "client_request_id"))
"""What stands in a body beside the features."""
CELLS, CELLS_EACH = 10_000, 30
"""Rows with different names have at most so many cells, and so many more for each value that they give: 80,000 rows
with a name of their own each, in a body of a MiB, would be 10^10."""
MOST_DIMENSIONS = 32
"""Of a tensor, as in NumPy."""
_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?|[+-]?(nan|inf|infinity)", re.IGNORECASE)

Row = Sequence[Any]


class UnreadableBody(ValueError):
    """A body that has no rows; says why."""


@dataclass(frozen=True, slots=True)
class FeatureRows:
    """Rows, each with a value for every name."""

    names: tuple[str, ...]
    rows: Sequence[Row]


def read_request(body: str, signature: Signature) -> FeatureRows:
    """The rows of a request; raises `UnreadableBody`."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        return _csv(body, signature, str(error))
    if isinstance(document, dict):
        for form in FORMATS:
            if form in document:
                return READERS[form](document[form], signature)
        found = {name: value for name, value in document.items() if name not in BESIDE}
        return FeatureRows(tuple(found), [tuple(found.values())])
    if isinstance(document, list):
        return _listed(document, signature)
    raise UnreadableBody("the body is neither an object nor a list")


def _split(payload: Any, signature: Signature) -> FeatureRows:
    rows = payload.get("data") if isinstance(payload, dict) else None
    if not isinstance(rows, list):
        raise UnreadableBody("dataframe_split has no data")
    columns = payload.get("columns")
    if columns is None:
        return FeatureRows(_positions(rows, signature), _checked(rows, len(rows[0]) if _is_rows(rows) else 0))
    if not isinstance(columns, list):
        raise UnreadableBody("dataframe_split has no list of columns")
    return FeatureRows(_unique(map(str, columns)), _checked(rows, len(columns)))


def _unique(names: Any) -> tuple[str, ...]:
    found = tuple(names)
    if len(set(found)) != len(found):
        raise UnreadableBody("two columns have the same name")
    return found


def _checked(rows: list[Any], width: int) -> list[Row]:
    for row in rows:
        if type(row) is not list or len(row) != width:
            raise UnreadableBody(f"a row is no list of {width} values")
    return rows


def _is_rows(rows: list[Any]) -> bool:
    return bool(rows) and type(rows[0]) is list


def _positions(rows: list[Any], signature: Signature) -> tuple[str, ...]:
    width = len(rows[0]) if _is_rows(rows) else 0
    return signature.names if len(signature.names) == width else tuple(map(str, range(width)))


def _records(payload: Any, signature: Signature) -> FeatureRows:
    if not isinstance(payload, list):
        raise UnreadableBody("the records are no list")
    return _listed(payload, signature)


def _inputs(payload: Any, signature: Signature) -> FeatureRows:
    if isinstance(payload, dict):
        return _by_column(payload, signature)
    if _are_tensors(payload):
        return _of_tensors(payload, signature)
    return _listed(payload if isinstance(payload, list) else [payload], signature)


def _listed(payload: list[Any], signature: Signature) -> FeatureRows:
    """Rows one after the other: objects, lists of values, or single values."""
    if not payload:
        return FeatureRows(signature.names, [])
    if signature.is_one_tensor:
        return FeatureRows((UNNAMED_TENSOR,), [(value,) for value in payload])
    if type(payload[0]) is dict:
        return rows_of_objects(payload)
    if _is_rows(payload):
        return FeatureRows(_positions(payload, signature), _checked(payload, len(payload[0])))
    name = signature.names[0] if len(signature.names) == 1 else "0"
    return FeatureRows((name,), [(value,) for value in payload])


def rows_of_objects(objects: list[Any]) -> FeatureRows:
    """Objects with the same keys, or with any; a key that one lacks is null there."""
    names = objects[0].keys()
    if any(type(each) is not dict for each in objects):
        raise UnreadableBody("a row is no object")
    if all(each.keys() == names for each in objects):
        return FeatureRows(tuple(names), list(map(_getter(tuple(names)), objects)))
    union = tuple(dict.fromkeys(name for each in objects for name in each))
    if len(union) * len(objects) > CELLS + CELLS_EACH * sum(map(len, objects)):
        raise UnreadableBody(f"{len(objects)} rows have {len(union)} different names, almost none of them in each")
    return FeatureRows(union, [[each.get(name) for name in union] for each in objects])


def _getter(names: tuple[str, ...]) -> Callable[[Any], Row]:
    if len(names) > 1:
        return itemgetter(*names)
    return lambda found: [found[name] for name in names]


def _by_column(payload: dict[str, Any], signature: Signature) -> FeatureRows:
    """`inputs` as an object: a list for each column or tensor, or one row of single values."""
    values = list(payload.values())
    is_row = signature.has_nested or not any(type(value) is list for value in values)
    if is_row:
        return FeatureRows(tuple(payload), [values])
    if any(type(value) is not list or len(value) != len(values[0]) for value in values):
        raise UnreadableBody("the columns of inputs have different lengths")
    return FeatureRows(tuple(payload), list(zip(*values, strict=True)))


def _are_tensors(payload: Any) -> bool:
    """Whether these are the inputs of an Open Inference request."""
    first = payload[0] if isinstance(payload, list) and payload else None
    return isinstance(first, dict) and {"name", "shape", "datatype", "data"} <= first.keys()


def _of_tensors(payload: list[Any], signature: Signature) -> FeatureRows:
    columns = {name: rows for name, rows in map(tensor_rows, payload)}
    names = tuple(columns)
    if len(names) == 1 and not signature.is_tensor and len(signature.names) > 1:
        (rows,) = columns.values()
        if _is_rows(rows):  # one tensor that has all columns
            return FeatureRows(_positions(rows, signature), _checked(rows, len(rows[0])))
    if len(names) == 1 and signature.is_one_tensor:
        names = (UNNAMED_TENSOR,)
    if len({len(rows) for rows in columns.values()}) > 1:
        raise UnreadableBody("the tensors have different numbers of rows")
    return FeatureRows(names, list(zip(*columns.values(), strict=True)))


def tensor_rows(tensor: Any) -> tuple[str, list[Any]]:
    """The name of an Open Inference tensor, and its rows: values, where it has one value in each."""
    try:
        name, shape, data = str(tensor["name"]), tensor["shape"], tensor["data"]
        if not shape or not all(type(length) is int and length >= 0 for length in shape):
            raise UnreadableBody(f"tensor {name[:100]} has no shape")
        flat = _flat(data)
        if not all(shape[1:]) or len(shape) > MOST_DIMENSIONS:
            raise UnreadableBody(f"tensor {name[:100]} has rows without values, or over {MOST_DIMENSIONS} dimensions")
        if len(flat) != math.prod(shape):
            raise UnreadableBody(f"tensor {name[:100]} has {counted(len(flat), 'value')}; its shape is {shape}"[:300])
    except (KeyError, TypeError) as error:
        raise UnreadableBody(f"a tensor lacks {error}"[:300]) from error
    inner = shape[1:] if shape[1:] != [1] else []
    for length in reversed(inner):
        flat = [flat[at : at + length] for at in range(0, len(flat), length)]
    return name, flat


def _flat(data: list[Any]) -> list[Any]:
    while data and type(data[0]) is list:
        data = [value for each in data for value in each]
    return data


def _csv(body: str, signature: Signature, not_json: str) -> FeatureRows:
    if body.lstrip()[:1] in {"{", "["}:
        raise UnreadableBody(f"the body is not valid JSON: {not_json}")
    try:
        lines = [line for line in csv.reader(io.StringIO(body, newline=""), strict=True) if line]
    except csv.Error as error:
        raise UnreadableBody(f"the body is neither JSON nor CSV: {error}") from error
    if not lines or any(len(line) != len(lines[0]) for line in lines):
        raise UnreadableBody("the body is neither JSON nor CSV")
    names = _unique(lines[0])
    kinds = [signature.inputs.get(name, "") for name in names]
    if signature.inputs and not signature.is_named and len(names) == len(signature.names):
        names, kinds = signature.names, list(signature.inputs.values())
    return FeatureRows(names, [[_cell(*pair) for pair in zip(line, kinds, strict=True)] for line in lines[1:]])


def _cell(text: str, kind: str) -> Any:
    """The value of a CSV cell: of the signature's kind where it can be, else what it looks like."""
    if kind in {"string", "timestamp"}:
        return text if text or kind == "string" else None
    if text == "":
        return None
    if kind == "boolean" or not kind:
        folded = text.strip().lower()
        if folded in {"true", "false"}:
            return folded == "true"
    if kind in {"double", "bigint", ""}:
        return _number(text)
    return text


def _number(text: str) -> Any:
    if _INTEGER.fullmatch(text.strip()):
        return int(text)
    if not _NUMBER.fullmatch(text.strip()):  # Python's own `float` takes 1_000 and digits of any script too
        return text
    number = float(text)
    return number if math.isfinite(number) else None


READERS: dict[str, Callable[[Any, Signature], FeatureRows]] = {
    "dataframe_split": _split,
    "dataframe_records": _records,
    "instances": _inputs,
    "inputs": _inputs,
}
