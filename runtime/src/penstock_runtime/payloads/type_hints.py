"""Texts for dates and bytes, in payloads of models whose `predict` has type hints.

JSON has neither. MLflow reads both from texts where it is told that it serves, and lets what it cannot read end as an
error of the model's; here the text is found and named before. What is wrong in any other way, MLflow says itself.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import datetime
from typing import Any

from penstock_runtime.errors import Loc, invalid, quote_value
from penstock_runtime.payloads.scalars import LossyValue, to_binary

Readers = dict[str, Callable[[str], Any]]
SERVING = "_MLFLOW_IS_IN_SERVING_ENVIRONMENT"
"""Set to `true`, as MLflow's own server does, it makes MLflow read dates and bytes from texts."""


def check_hinted_texts(payload: Any, schema: Any, *, strict: bool) -> None:
    """Look at every text of a hinted list; `strict` refuses base64 of other alphabets, of which MLflow drops letters.

    Raises:
        RequestRefused: 400, naming the text that is no date, or no base64.
    """
    if isinstance(payload, list) and len(schema.inputs) == 1:
        readers: Readers = {"datetime": _read_datetime, "binary": to_binary if strict else _read_base64}
        for row, value in enumerate(payload):
            _check(value, schema.inputs[0].type, ("inputs", row), readers)


def _check(value: Any, spec: Any, at: Loc, readers: Readers) -> None:
    kind = type(spec).__name__
    if kind == "Array" and isinstance(value, list):
        for i, each in enumerate(value):
            _check(each, spec.dtype, (*at, i), readers)
    elif kind == "Map" and isinstance(value, dict):
        for key, each in value.items():
            _check(each, spec.value_type, (*at, key), readers)
    elif isinstance(value, str) and (read := readers.get(getattr(spec, "name", ""))):
        try:
            read(value)
        except LossyValue as reason:
            raise invalid(
                f"{'.'.join(map(str, at))}: {quote_value(value)} {reason}", at, f"{quote_value(value)} {reason}"
            ) from None


def _read_datetime(text: str) -> None:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        raise LossyValue("is not an ISO 8601 date or time") from None


def _read_base64(text: str) -> None:
    try:
        base64.decodebytes(text.encode())
    except ValueError:
        raise LossyValue("is not base64") from None
