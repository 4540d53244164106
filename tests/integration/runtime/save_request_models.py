"""Saves models whose requests are out of the ordinary: `python save_request_models.py FOLDER`."""

from __future__ import annotations

import datetime
import os
import sys
import time
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
from mlflow.models import ModelSignature, infer_signature
from mlflow.types.schema import Array, ColSpec, DataType, Map, Object, Property, Schema
from sklearn.datasets import load_wine
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


class Weekdays(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
    def predict(self, model_input: list[datetime.datetime]) -> list[int]:
        return [moment.isoweekday() for moment in model_input]


class Reversed(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
    def predict(self, model_input: list[bytes]) -> list[bytes]:
        return [content[::-1] for content in model_input]


class Hinted(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
    def predict(self, model_input: list[dict[str, datetime.datetime]]) -> list[str]:
        return [repr(each) for each in model_input]


class Large(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
    def predict(self, model_input: list[int]) -> list[int]:
        return [number**3 for number in model_input]


class Echo(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
    """Says what it got: labels, types, and values of each row."""

    def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> Any:
        rows = model_input.to_dict("records")
        return [repr([(name, type(value).__name__, value) for name, value in row.items()]) for row in rows]


class Cubes(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
    def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> Any:
        return [{"cube": int(n) ** 3} for n in model_input["n"]]


class Shares(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
    """The model of docs/requests.md."""

    def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> Any:
        return (model_input["income"] / model_input["age"]).tolist()


class Keys(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
    def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> Any:
        return {1: "one", "1": "text"} if model_input["twice"].iloc[0] else {True: 1, None: 2, 1.5: 3}


class Draws(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
    """Draws of NumPy's global state, slowly enough for a worker; takes no missing number, which its example has."""

    def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> Any:
        if model_input["x"].isna().any():
            raise ValueError("x is missing")
        time.sleep(0.1)
        return [[float(os.getpid()), float(np.random.random())]]


def save_hinted(folder: Path) -> None:
    common = {"pip_requirements": ["pandas"]}
    moment = datetime.datetime(2024, 2, 29, 12)
    mlflow.pyfunc.save_model(folder / "weekdays", python_model=Weekdays(), input_example=[moment], **common)
    mlflow.pyfunc.save_model(folder / "reversed", python_model=Reversed(), input_example=[b"\x00\x01\xff"], **common)
    mlflow.pyfunc.save_model(folder / "hinted", python_model=Hinted(), **common)
    mlflow.pyfunc.save_model(folder / "large", python_model=Large(), **common)


def save_echoes(folder: Path) -> None:
    person = Object([Property("name", DataType.string), Property("age", DataType.long, required=False)])
    nested = [
        ColSpec("long", "n"),
        ColSpec("boolean", "b"),
        ColSpec(Array(DataType.string), "tags"),
        ColSpec(Map(DataType.double), "scores", required=False),
        ColSpec(person, "person", required=False),
        ColSpec(Array(Array(DataType.double)), "matrix", required=False),
        ColSpec(Array(DataType.integer), "small", required=False),
        ColSpec(Array(DataType.datetime), "days", required=False),
    ]
    floats = pd.DataFrame([[1.0, 2.0, 3.0]])
    signatures = {
        "echo_binary": Schema([ColSpec("binary", "picture")]),
        "echo_labels": infer_signature(floats).inputs,
        "echo_mixed_labels": infer_signature(pd.DataFrame([[1, 2]], columns=["a", 1])).inputs,
        "echo_misread": Schema([ColSpec("double", "a"), ColSpec("double", "")]),
        "echo_unnamed": Schema([ColSpec("string")]),
        "echo_text": Schema([ColSpec("string", "text")]),
        "echo_missing": Schema([ColSpec(kind, kind) for kind in ("double", "float")]),
        "echo_nested": Schema(nested),
    }
    examples = {"echo_binary": pd.DataFrame({"picture": [bytes(range(100))]}), "echo_labels": floats}
    for name, inputs in signatures.items():
        mlflow.pyfunc.save_model(
            folder / name,
            python_model=Echo(),
            signature=ModelSignature(inputs=inputs),
            input_example=examples.get(name),
            pip_requirements=["pandas"],
        )


def save_answers(folder: Path) -> None:
    columns = [ColSpec("string", "name"), ColSpec("long", "age"), ColSpec("double", "income")]
    inputs = Schema([*columns, ColSpec("datetime", "since", required=False)])
    mlflow.pyfunc.save_model(
        folder / "members",
        python_model=Shares(),
        signature=ModelSignature(inputs=inputs),
        pip_requirements=["pandas"],
    )
    cubes = ModelSignature(inputs=Schema([ColSpec("long", "n")]))
    mlflow.pyfunc.save_model(folder / "cubes", python_model=Cubes(), signature=cubes, pip_requirements=["pandas"])
    keys = ModelSignature(inputs=Schema([ColSpec("boolean", "twice")]))
    mlflow.pyfunc.save_model(folder / "keys", python_model=Keys(), signature=keys, pip_requirements=["pandas"])
    mlflow.pyfunc.save_model(
        folder / "draws",
        python_model=Draws(),
        signature=ModelSignature(inputs=Schema([ColSpec("double", "x")])),
        input_example=pd.DataFrame({"x": [float("nan")]}),
        pip_requirements=["pandas"],
    )


def save_sklearn(folder: Path) -> None:
    table = load_wine(as_frame=True)
    data = table.data.iloc[:, :3]
    common = {"serialization_format": "cloudpickle", "pip_requirements": ["scikit-learn"]}
    for function in ("predict_proba", "predict_log_proba"):
        model = make_pipeline(StandardScaler(), LogisticRegression()).fit(data, table.target)
        signature = infer_signature(data)
        mlflow.sklearn.save_model(
            model,
            folder / function,
            signature=signature,
            pyfunc_predict_fn=function,
            input_example=data.head(2),
            **common,
        )
    trees = HistGradientBoostingRegressor(max_iter=20, random_state=0).fit(
        data.mask(np.random.default_rng(7).random(data.shape) < 0.2), table.target
    )
    missing = data.head(2).copy()
    missing.iloc[0, 1] = np.nan
    mlflow.sklearn.save_model(
        trees, folder / "missing_columns", signature=infer_signature(data), input_example=missing, **common
    )
    tensor = np.array([[1.0, 2.0], [2.0, np.nan], [3.0, 6.0], [np.nan, 8.0]])
    imputed = make_pipeline(SimpleImputer(), LinearRegression()).fit(tensor, [1.0, 2.0, 3.0, 4.0])
    mlflow.sklearn.save_model(
        imputed, folder / "missing_tensor", signature=infer_signature(tensor), input_example=tensor, **common
    )


if __name__ == "__main__":
    target = Path(sys.argv[1])
    save_hinted(target)
    save_echoes(target)
    save_answers(target)
    save_sklearn(target)
