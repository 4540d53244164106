"""Payloads that MLflow itself reads and enforces.

That is `--types compat`, models without a signature, and models with type hints. MLflow's functions are called
as its own scoring server calls them, so that the answers, and what is wrong with them, are the same.
"""

from __future__ import annotations

import io
from collections.abc import Hashable, Sequence
from typing import Any

import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.utils.proto_json_utils import parse_tf_serving_input

from penstock_runtime.errors import Loc, RequestRefused, invalid
from penstock_runtime.payloads.mlflow_compat import frame_from_payload
from penstock_runtime.payloads.parsing import CSV, ScoringRequest
from penstock_runtime.payloads.scalars import INT64
from penstock_runtime.payloads.type_hints import check_hinted_texts

_CALLERS_FAULT = frozenset(("INVALID_PARAMETER_VALUE", "BAD_REQUEST"))
_UINT64_MAX = 2**64 - 1


class MlflowRows:
    """What MLflow made of a payload; DataFrames of the same columns and types can be joined."""

    __slots__ = ("data", "key", "rows")

    def __init__(self, data: Any) -> None:
        self.data = data
        self.rows = len(data) if isinstance(data, (pd.DataFrame, list)) or getattr(data, "ndim", 0) > 0 else 1
        self.key: Hashable | None = None
        if isinstance(data, pd.DataFrame) and isinstance(data.index, pd.RangeIndex):
            self.key = (tuple(map(str, data.columns)), tuple(map(str, data.dtypes)))

    def join(self, others: Sequence[MlflowRows]) -> Any:
        """The rows, one behind the other."""
        if not others:
            return self.data
        return pd.concat([self.data, *(other.data for other in others)], ignore_index=True)


def prepare_with_mlflow(request: ScoringRequest, metadata: Any, *, strict: bool) -> MlflowRows:
    """Let MLflow read a payload.

    Raises:
        RequestRefused: 400, in MLflow's words; in `strict`, also for an integer that no 64 bits hold.
    """
    is_hinted = getattr(metadata, "_is_signature_from_type_hint", lambda: False)()
    if strict and not is_hinted:  # Python's own integers, which hints are about, have any size
        _refuse_large_integers(request.payload, (request.format,))
    try:
        return MlflowRows(_read(request, metadata, strict=strict))
    except MlflowException as error:
        raise invalid(mlflow_message(error)) from None
    except RequestRefused:
        raise
    except Exception as error:  # noqa: BLE001 — pandas and NumPy raise what they like about a payload
        raise invalid(f"the payload does not fit the model: {type(error).__name__}: {error}"[:500]) from None


def _read(request: ScoringRequest, metadata: Any, *, strict: bool) -> Any:
    schema = metadata.get_input_schema()
    if request.format == CSV:
        return _read_csv(request.payload, schema)
    if getattr(metadata, "_is_signature_from_type_hint", lambda: False)():
        if request.format != "inputs":
            raise invalid("this model takes inputs: a list of what its type hint says", (request.format,))
        check_hinted_texts(request.payload, schema, strict=strict)
        return request.payload
    if request.format.startswith("dataframe_"):
        orient = request.format.removeprefix("dataframe_")
        return frame_from_payload(request.payload, orient, schema)
    return parse_tf_serving_input({request.format: request.payload}, schema=schema)


def _read_csv(lines: list[list[str]], schema: Any) -> pd.DataFrame:
    text = io.StringIO()
    pd.DataFrame(lines[1:], columns=lines[0]).to_csv(text, index=False)
    text.seek(0)
    is_named = schema is not None and schema.has_input_names() and not schema.is_tensor_spec()
    types = dict(zip(schema.input_names(), schema.pandas_types(), strict=True)) if is_named else None
    return pd.read_csv(text, dtype=types)


def _refuse_large_integers(value: Any, at: Loc) -> None:
    if type(value) is int and not INT64[0] <= value <= _UINT64_MAX:
        raise invalid(f"{'.'.join(map(str, at))}: an integer that does not fit into 64 bits", at)
    if isinstance(value, (list, dict)):
        for key, each in value.items() if isinstance(value, dict) else enumerate(value):
            if not isinstance(each, (str, float)):
                _refuse_large_integers(each, (*at, key))


def refusal_of_input_error(error: BaseException) -> RequestRefused | None:
    """The refusal for an error that MLflow raised about the input, and not the model about itself."""
    if isinstance(error, MlflowException) and error.error_code in _CALLERS_FAULT:
        return invalid(mlflow_message(error))
    return None


def mlflow_message(error: MlflowException) -> str:
    """What MLflow says, without the echo of the payload and of the schema."""
    text = str(error.message)
    if text.startswith("Failed to enforce schema of data") and "Error: " in text:
        text = text.rpartition("Error: ")[2]
    return text.strip()[:500]
