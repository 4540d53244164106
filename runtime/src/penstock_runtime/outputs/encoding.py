"""What a model returned → JSON: each caller's rows, and nothing that JSON does not have.

NaN and infinities become null, and say so under `warnings` (strict). DataFrames become records, Series and arrays
lists; bytes are base64, times ISO 8601, decimals strings. Keys are spelt as in MLflow's own answers; where two become
the same text, one of their values would be lost, and the answer is refused.
"""

from __future__ import annotations

import base64
import dataclasses
import datetime
import decimal
import json
import math
from typing import Any
from uuid import UUID

import numpy as np
import orjson
import pandas as pd

from penstock_runtime.errors import Loc

MAX_WARNINGS = 100


class UnencodableOutput(TypeError):
    """A model returned something that cannot be written as JSON."""


class JsonSafeList(list[Any]):
    """Values that need no conversion to be written as JSON."""


def is_json_safe(array: np.ndarray[Any, np.dtype[Any]]) -> bool:
    """Whether JSON has every value of the array."""
    kind = array.dtype.kind
    return kind in "iub" or (kind == "f" and array.dtype.itemsize <= 8 and bool(np.isfinite(array).all()))


def to_sliceable(output: Any) -> Any:
    """The output in a form that is cut into rows for next to nothing."""
    if isinstance(output, pd.DataFrame):
        if not output.columns.is_unique:
            raise _duplicate_key(output.columns[output.columns.duplicated()][0])
        return output.to_dict(orient="records")
    if isinstance(output, pd.Series):
        # An array of a nullable type is a float array, and rounds what has more than 53 bits, where one value is null.
        is_plain = isinstance(output.dtype, np.dtype) and output.dtype.kind in "iufb"
        return output.to_numpy() if is_plain else output.tolist()
    if hasattr(output, "toarray"):  # a sparse matrix
        return output.toarray()
    return list(output) if isinstance(output, tuple) else output


def encode_output(output: Any, *, strict: bool) -> bytes:
    """The body of a 200.

    Raises:
        UnencodableOutput: the output has something in it that JSON cannot say.
    """
    if type(output) is JsonSafeList:
        return orjson.dumps({"predictions": output})
    plain = _PlainConverter()
    predictions = plain.convert(to_sliceable(output), ("predictions",))
    answer: dict[str, Any] = {"predictions": predictions}
    if strict and plain.warnings:
        answer["warnings"] = plain.warnings
    return dump_json(answer)


def dump_json(plain: Any) -> bytes:
    """JSON of plain values, integers of any size among them.

    Raises:
        UnencodableOutput: a text is no Unicode, or an integer has more digits than Python writes.
    """
    try:
        return orjson.dumps(plain)
    except TypeError:  # orjson writes no integer that has more than 64 bits
        return _with_large_integers(plain)


def _with_large_integers(plain: Any) -> bytes:
    try:
        return json.dumps(plain, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except (TypeError, ValueError) as error:
        raise UnencodableOutput(str(error)) from None


def to_plain(value: Any) -> Any:
    """A value as JSON has it; NaN and infinities are null.

    Raises:
        UnencodableOutput: JSON cannot say it.
    """
    return _PlainConverter().convert(value, ("outputs",))


def json_key(key: Any) -> str:
    """A key as MLflow's own server spells it: `true`, `null`, `1`, and the value of an enumeration of strings."""
    if isinstance(key, np.generic):
        key = key.item()
    if isinstance(key, str):
        return str.__str__(key)
    if key is None or isinstance(key, bool):
        return {None: "null", True: "true", False: "false"}[key]
    if isinstance(key, int):
        return int.__repr__(key)
    if isinstance(key, float):
        return json.dumps(float(key))
    return str(key)


def _duplicate_key(key: Any) -> UnencodableOutput:
    return UnencodableOutput(f"an object, or a frame, has two keys that are both {json.dumps(json_key(key))}"[:300])


class _PlainConverter:
    """One walk over an output; what had to be left out is in `warnings`."""

    def __init__(self) -> None:
        self.warnings: list[dict[str, Any]] = []

    def convert(self, value: Any, at: Loc) -> Any:
        kind = type(value)
        if kind is str or kind is int or kind is bool or value is None:
            return value
        if kind is float:
            return value if math.isfinite(value) else self._no_number(value, at)
        if isinstance(value, np.ndarray):
            return self._array(value, at)
        if isinstance(value, dict):
            return self._object(value, at)
        if isinstance(value, (list, tuple, set, frozenset, pd.Index, pd.api.extensions.ExtensionArray)):
            return [self.convert(each, (*at, i)) for i, each in enumerate(value)]
        return self._other(value, at)

    def _object(self, value: dict[Any, Any], at: Loc) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key, each in value.items():
            name = key if type(key) is str else json_key(key)
            if name in result:
                raise _duplicate_key(key)
            result[name] = self.convert(each, (*at, name))
        return result

    def _array(self, array: np.ndarray[Any, np.dtype[Any]], at: Loc) -> Any:
        kind = array.dtype.kind
        if kind == "U" or is_json_safe(array):
            return array.tolist()
        if kind in "Mm":
            texts = array.astype(str).astype(object)
            texts[np.isnat(array)] = None
            return texts.tolist()
        if kind == "f":
            array = array.astype(np.float64)
        return self.convert(array.tolist(), at)

    def _other(self, value: Any, at: Loc) -> Any:
        if value is pd.NA or value is pd.NaT:
            return None
        if isinstance(value, np.generic):
            return self._array(np.asarray(value), at)
        if isinstance(value, (datetime.date, datetime.time)):  # a Timestamp is a datetime is a date
            return value.isoformat()
        if isinstance(value, (bytes, bytearray, memoryview)):
            return base64.b64encode(value).decode()
        if isinstance(value, (decimal.Decimal, UUID, datetime.timedelta)):
            return str(value)
        return self._structure(value, at)

    def _structure(self, value: Any, at: Loc) -> Any:
        if isinstance(value, str):  # subclasses; `str()` of an enumeration's member would be its name
            return str.__str__(value)
        for base in (int, float):
            if isinstance(value, base):
                return self.convert(base(value), at)
        if isinstance(value, (pd.DataFrame, pd.Series)) or hasattr(value, "toarray"):
            return self.convert(to_sliceable(value), at)
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return self.convert(dataclasses.asdict(value), at)
        if hasattr(value, "model_dump"):
            return self.convert(value.model_dump(), at)
        raise UnencodableOutput(f"there is a {type(value).__name__} in it")

    def _no_number(self, value: float, at: Loc) -> None:
        name = "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
        if len(self.warnings) < MAX_WARNINGS:
            self.warnings.append({"loc": list(at), "msg": f"{name} is not a JSON number; null was sent"})
        elif len(self.warnings) == MAX_WARNINGS:
            self.warnings.append({"loc": ["predictions"], "msg": "more values were sent as null"})
