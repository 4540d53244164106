"""Open Inference V2: the body of an infer request → what the model's own checks take.

As MLServer's MLflow runtime reads it: one input for each column (its codec `pd`), or one tensor with all (`np`).
A tensor's elements must have its datatype; the model's columns are then checked as on every other path.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
import pandas as pd

from penstock_runtime.errors import Loc, invalid
from penstock_runtime.payloads.parsing import parse_document
from penstock_runtime.payloads.schema import ColumnSchema, Tensor, TensorSchema
from penstock_runtime.payloads.tensors import Array, to_tensor
from penstock_runtime.v2.protocol import DATATYPES

DTYPES: dict[str, np.dtype[Any]] = {
    **{datatype: np.dtype(name) for name, datatype in DATATYPES.items()},
    "BYTES": np.dtype(str),
}
"""By the protocol's name."""
MAX_INPUTS = 10_000
_OWN_PARAMETERS = frozenset(("content_type", "headers"))


@dataclass(frozen=True, slots=True)
class InferRequest:
    """An infer request, its tensors by name in the caller's order."""

    id: str | None
    tensors: dict[str, Array]
    params: dict[str, Any] | None
    wanted: tuple[str, ...]
    """Names of the outputs that are asked for; none: all."""
    is_frame: bool
    """Whether the caller says that its inputs are columns."""

    @property
    def client_request_id(self) -> str | None:
        """The caller's own id, where it can stand in the request log."""
        return self.id


def parse_infer_request(body: bytes) -> InferRequest:
    """Parse an infer request.

    Raises:
        RequestRefused: 400.
    """
    document = parse_document(body)
    identity = document.get("id")
    if identity is not None and (not isinstance(identity, str) or not _is_short(identity)):
        raise invalid("id must be a string of 1 to 256 printable characters", ("id",))
    inputs = document.get("inputs")
    if not isinstance(inputs, list) or not 0 < len(inputs) <= MAX_INPUTS:
        raise invalid("inputs must be a list of tensors", ("inputs",))
    tensors: dict[str, Array] = {}
    for i, tensor in enumerate(inputs):
        name, array = _tensor(tensor, i)
        if name in tensors:
            raise invalid(f"two inputs are named {name!r}"[:300], ("inputs", i, "name"))
        tensors[name] = array
    parameters = _object(document.get("parameters"), "parameters")
    params = {key: value for key, value in parameters.items() if key not in _OWN_PARAMETERS} or None
    is_frame = parameters.get("content_type") == "pd"
    return InferRequest(identity, tensors, params, _wanted(document.get("outputs")), is_frame)


def _is_short(text: str) -> bool:
    return 0 < len(text) <= 256 and text.isprintable()


def _object(value: Any, name: str) -> dict[str, Any]:
    if value is not None and not isinstance(value, dict):
        raise invalid(f"{name} must be an object", (name,))
    return value or {}


def _wanted(outputs: Any) -> tuple[str, ...]:
    if outputs is None:
        return ()
    if not isinstance(outputs, list) or not all(
        isinstance(o, dict) and isinstance(o.get("name"), str) for o in outputs
    ):
        raise invalid("outputs must be a list of objects with a name", ("outputs",))
    return tuple(output["name"] for output in outputs)


def _tensor(tensor: Any, i: int) -> tuple[str, Array]:
    at = ("inputs", i)
    if not isinstance(tensor, dict) or not isinstance(tensor.get("name"), str):
        raise invalid("an input must be an object with a name", at)
    dtype = DTYPES.get(str(tensor.get("datatype")))
    if dtype is None:
        raise invalid(f"datatype must be one of {', '.join(DTYPES)}", (*at, "datatype"))
    shape, data = tensor.get("shape"), tensor.get("data")
    if not isinstance(shape, list) or not shape or not all(type(n) is int and 0 <= n < 2**31 for n in shape):
        raise invalid("shape must be a list of lengths", (*at, "shape"))
    if not isinstance(data, list):
        raise invalid("data must be a list; binary data are not taken", (*at, "data"))
    flat = _flat(data, shape, (*at, "data"))
    array = to_tensor(flat, Tensor(None, dtype, (len(flat),)), (*at, "data")).reshape(shape)
    return tensor["name"], _decoded(array, tensor, (*at, "data"))


def _flat(data: list[Any], shape: Sequence[int], at: Loc) -> list[Any]:
    """The elements in a row; `data` is either flat already or nested as `shape` says."""
    size, wanted = math.prod(shape), f"shape {list(shape)}"
    if data and isinstance(data[0], list):
        for length in shape[1:]:
            if not all(isinstance(each, list) and len(each) == length for each in data):
                raise invalid(f"data is not nested as {wanted} says", at)
            data = [leaf for each in data for leaf in each]
    if len(data) != size:
        raise invalid(f"data has {len(data)} elements; {wanted} needs {size}", at)
    return data


def _decoded(array: Array, tensor: dict[str, Any], at: Loc) -> Array:
    """Strings become objects of their own; base64 stays text, since that is what the model's own check takes."""
    if array.dtype.kind != "U":
        return array
    content_type = _object(tensor.get("parameters"), "parameters").get("content_type")
    if content_type == "pd_json":
        return _from_json(array, at)
    return array.astype(object)


def _from_json(array: Array, at: Loc) -> Array:
    values = np.empty(array.size, dtype=object)
    for i, text in enumerate(array.reshape(-1).tolist()):  # orjson takes no str of NumPy
        try:
            values[i] = orjson.loads(text)
        except orjson.JSONDecodeError:
            raise invalid(f"element {i} is not JSON", (*at, i)) from None
    return values.reshape(array.shape)


def to_scoring_payload(request: InferRequest, schema: ColumnSchema | TensorSchema) -> tuple[str, Any]:
    """The format and the payload that stand for the same in a scoring request.

    Raises:
        RequestRefused: 400, the tensors are neither the model's columns nor all of them in one.
    """
    if isinstance(schema, TensorSchema):
        lists = {name: array.tolist() for name, array in request.tensors.items()}
        return "inputs", lists if schema.is_named else _only(request).tolist()
    if len(request.tensors) == 1 and (single := _only(request)).ndim == 2 and _is_table(request, single, schema):
        return "dataframe_split", {"columns": list(schema.names), "data": single.tolist()}
    columns = {name: _column(name, array).tolist() for name, array in request.tensors.items()}
    if schema.is_named and not schema.has_nested:
        return "inputs", columns
    if len({len(column) for column in columns.values()}) > 1:
        raise invalid("the inputs have different numbers of rows", ("inputs",))
    rows = [list(row) for row in zip(*columns.values(), strict=True)]
    return ("dataframe_split", {"columns": list(columns), "data": rows}) if schema.is_named else ("instances", rows)


def _is_table(request: InferRequest, single: Array, schema: ColumnSchema) -> bool:
    is_column = schema.is_named and next(iter(request.tensors)) in schema.by_name
    return not request.is_frame and not (is_column and single.shape[1] == 1)


def _only(request: InferRequest) -> Array:
    if len(request.tensors) != 1:
        raise invalid(f"the model takes one tensor; {len(request.tensors)} were sent", ("inputs",))
    return next(iter(request.tensors.values()))


def _column(name: str, array: Array) -> Array:
    if array.ndim > 2 or (array.ndim == 2 and array.shape[1] != 1):
        raise invalid(f"input {name!r} must be one column: shape [n] or [n, 1]"[:300], ("inputs",))
    return array.reshape(-1)


def to_model_input(request: InferRequest) -> Any:
    """The tensors as a model takes them that says nothing of its inputs: a DataFrame of columns, or one array."""
    if len(request.tensors) == 1 and not request.is_frame:
        return _only(request)
    columns = {name: _column(name, array) for name, array in request.tensors.items()}
    if len({len(column) for column in columns.values()}) > 1:
        raise invalid("the inputs have different numbers of rows", ("inputs",))
    return pd.DataFrame(columns)
