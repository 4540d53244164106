"""Saves a model with a column of every type: `python save_typed_model.py FOLDER`."""

from __future__ import annotations

import sys
from typing import Any

import mlflow
import pandas as pd
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, Schema

KINDS = ("long", "integer", "double", "float", "boolean", "string", "datetime")


class Doubles(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
    def predict(self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> Any:
        return model_input["double"].tolist()


columns = [*(ColSpec(kind, kind) for kind in KINDS), ColSpec("double", "optional", required=False)]
mlflow.pyfunc.save_model(
    sys.argv[1],
    python_model=Doubles(),
    signature=ModelSignature(inputs=Schema(columns)),
    metadata={"penstock.row_wise": True},
    pip_requirements=["pandas"],
)
