"""The input example that was logged with a model, as a caller would send it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from penstock_runtime.messages import SCORING, RawRequest
from penstock_runtime.payloads.parsing import FORMATS

_FILES = ("serving_input_example.json", "input_example.json")


def read_example(folder: Path) -> RawRequest | None:
    """The model's own example, or `None` where it has none that can be sent.

    MLflow writes what its scoring server takes since 2.16; before, the data alone: a DataFrame split into columns and
    rows, or an object with `inputs`. Missing numbers stand in it as NaN, which no caller can send: they are null.
    """
    for name in _FILES:
        try:
            content = json.loads((folder / name).read_bytes(), parse_constant=_as_null)
        except (OSError, ValueError):
            continue
        return RawRequest(SCORING, "application/json", json.dumps(_as_request(content)).encode())
    return None


def _as_null(_: str) -> None:
    """NaN and infinities."""


def _as_request(content: Any) -> Any:
    if isinstance(content, dict):
        if any(name in content for name in FORMATS):
            return content
        if content.keys() >= {"columns", "data"}:
            return {"dataframe_split": content}
        if content.keys() == {"data"}:
            return {"inputs": content["data"]}
    return {"inputs": content}
