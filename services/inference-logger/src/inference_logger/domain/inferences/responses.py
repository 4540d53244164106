"""What was answered: the text of a response → predictions, one for each row; or what went wrong. No I/O."""

from __future__ import annotations

from typing import Any

import orjson

from inference_logger.domain.inferences.requests import FeatureRows, UnreadableBody, rows_of_objects, tensor_rows
from shared.counted import counted

UNNAMED = ("",)
"""The only name of predictions that have none."""
DEFAULT_OUTPUT = "output-1"
"""What an Open Inference output is called where the model gives no name."""
LONGEST_ERROR = 500


class CountMismatch(ValueError):
    """An answer that has not one prediction for each row; says how many there are, and what the answer holds."""

    def __init__(self, reason: str, predictions: Any) -> None:
        super().__init__(reason)
        self.predictions = predictions


def read_response(body: str, rows: int) -> FeatureRows:
    """Predictions, one for each of `rows`; raises `UnreadableBody`, `CountMismatch`."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise UnreadableBody(f"the answer is not JSON: {error}") from error
    if isinstance(document, dict):
        if "predictions" in document:
            return _predictions(document["predictions"], rows)
        if isinstance(document.get("outputs"), list):
            return _outputs(document["outputs"], rows)
    return _predictions(document, rows)


def _predictions(found: Any, rows: int) -> FeatureRows:
    if type(found) is list and len(found) == rows:
        if found and type(found[0]) is dict and all(type(each) is dict for each in found):
            return rows_of_objects(found)
        return FeatureRows(UNNAMED, [(each,) for each in found])
    if type(found) is dict:
        values = list(found.values())
        if values and all(type(value) is list and len(value) == rows for value in values):
            return FeatureRows(tuple(found), list(zip(*values, strict=True)))
        if rows == 1:
            return FeatureRows(tuple(found), [values])
    elif rows == 1 and type(found) is not list:
        return FeatureRows(UNNAMED, [(found,)])
    count = len(found) if type(found) is list else 1
    raise CountMismatch(f"PREDICTIONS_DIFFER: {counted(count, 'prediction')} for {counted(rows, 'row')}", found)


def _outputs(outputs: list[Any], rows: int) -> FeatureRows:
    """Open Inference."""
    columns = dict(map(tensor_rows, outputs))
    if not columns or any(len(column) != rows for column in columns.values()):
        counts = ", ".join(str(len(column)) for column in columns.values()) or "no"
        raise CountMismatch(
            f"PREDICTIONS_DIFFER: {counts} predictions for {counted(rows, 'row')}"[:LONGEST_ERROR], outputs
        )
    names = UNNAMED if tuple(columns) == (DEFAULT_OUTPUT,) else tuple(columns)
    return FeatureRows(names, list(zip(*columns.values(), strict=True)))


def error_text(status: int, body: str | None) -> str:
    """Code and message of an answer that is no prediction, in one line."""
    if body is None:
        return f"HTTP {status}"
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return f"HTTP {status}"
    if not isinstance(document, dict):
        return f"HTTP {status}"
    code, message = document.get("error_code"), document.get("message")
    if code is None and isinstance(document.get("error"), dict):
        code, message = document["error"].get("code"), document["error"].get("message")
    elif code is None and isinstance(document.get("error"), str):
        message = document["error"]
    said = ": ".join(part for part in (code, message) if isinstance(part, str) and part)
    return (" ".join(said.split()) or f"HTTP {status}")[:LONGEST_ERROR]
