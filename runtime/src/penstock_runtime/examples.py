"""The input example that was logged with a model, as a caller would send it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from penstock_runtime.dialects import SCORING, Asked
from penstock_runtime.parsing import FORMATS

_FILES = ("serving_input_example.json", "input_example.json")


def read_example(folder: Path) -> Asked | None:
    """The model's own example, or `None` where it has none that can be sent.

    MLflow writes what its scoring server takes since 2.16; before, the data alone: a DataFrame split into columns and
    rows, or an object with `inputs`.
    """
    for name in _FILES:
        try:
            content = orjson.loads((folder / name).read_bytes())
        except (OSError, orjson.JSONDecodeError):
            continue
        return Asked(SCORING, "application/json", orjson.dumps(_as_request(content)))
    return None


def _as_request(content: Any) -> Any:
    if isinstance(content, dict):
        if any(name in content for name in FORMATS):
            return content
        if content.keys() >= {"columns", "data"}:
            return {"dataframe_split": content}
        if content.keys() == {"data"}:
            return {"inputs": content["data"]}
    return {"inputs": content}
