"""Functions of MLflow that not all of its versions have, or have under this name: 1.30 to 3, as the model brings it."""

from __future__ import annotations

import json
from typing import Any

from mlflow.models import utils as _models
from mlflow.utils import proto_json_utils as _payloads


def enforce_params_schema(given: dict[str, Any], schema: Any) -> dict[str, Any]:
    """Parameters with their defaults and types; only called where the model has a schema of them (MLflow 2.6)."""
    checked: dict[str, Any] = _models._enforce_params_schema(given, schema)
    return checked


def frame_from_payload(payload: Any, orient: str, schema: Any) -> Any:
    """A DataFrame of a payload in the orientation `split` or `records`."""
    if hasattr(_payloads, "dataframe_from_parsed_json"):
        return _payloads.dataframe_from_parsed_json(payload, pandas_orient=orient, schema=schema)
    return _payloads._dataframe_from_json(json.dumps(payload), schema=schema, pandas_orient=orient)  # MLflow 1


def custom_metadata(model: Any) -> dict[str, Any]:
    """What the model's owner noted of it; MLflow knows such notes since 2.3."""
    return getattr(model, "metadata", None) or {}
