"""Saves the models that the tests serve: `python save_models.py FOLDER`. A process of its own, as a training job is."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
from mlflow.models import ModelSignature, infer_signature
from mlflow.types import ColSpec, ParamSchema, ParamSpec, Schema
from sklearn.datasets import load_wine
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def act(x: float, word: str) -> None:
    """What a row asks for, other than an answer."""
    if word == "raise":
        raise ValueError("secret words of the model")
    if word == "print":
        print(f"printed for {x}")
        print(f"complained for {x}", file=sys.stderr)
    if word == "await":
        asyncio.run(asyncio.sleep(0))
    if word == "sleep":
        time.sleep(x)
    if word == "die":
        os._exit(9)
    if word == "hold":
        hold_the_interpreter(x)


class Whims(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
    """Does with each row what the row says."""

    def predict(self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> Any:
        answers: list[Any] = []
        for x, word in zip(model_input["x"], model_input["word"], strict=True):
            act(x, word)
            inline = float(os.getpid())
            special = {"count": len(model_input), "nan": float("nan"), "inline": inline}
            answers.append(special.get(word, x * (params or {})["factor"]))
        if "short" in set(model_input["word"]):
            return answers[:1] * 7
        return answers


def hold_the_interpreter(seconds: float) -> None:
    """One call into C that lets no other thread of Python's run, and takes about this long."""
    digits = 100_000
    while True:
        started = time.perf_counter()
        pow(3, digits)
        if (taken := time.perf_counter() - started) > seconds / 4:
            pow(3, int(digits * (seconds / taken) ** 0.63))
            return
        digits *= 2


class Types(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
    """Says which types its columns have."""

    def predict(self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> Any:
        return {name: str(dtype) for name, dtype in model_input.dtypes.items()}


def save_wine(folder: Path) -> None:
    table = load_wine(as_frame=True)
    model = make_pipeline(StandardScaler(), Ridge()).fit(table.data, table.target)
    signature = infer_signature(table.data, model.predict(table.data))
    mlflow.sklearn.save_model(model, folder / "wine", signature=signature, pip_requirements=["scikit-learn"])
    mlflow.sklearn.save_model(model, folder / "unsigned", pip_requirements=["scikit-learn"])
    rows = table.data.head(40)
    expected = {
        "columns": list(rows.columns),
        "data": rows.to_numpy().tolist(),
        "predictions": mlflow.pyfunc.load_model(str(folder / "wine")).predict(rows).tolist(),
    }
    (folder / "expected.json").write_text(json.dumps(expected))


def save_tensor(folder: Path) -> None:
    values = np.arange(12, dtype=np.float64).reshape(6, 2)
    model = Ridge().fit(values, values.sum(axis=1))
    signature = infer_signature(values, model.predict(values))
    mlflow.sklearn.save_model(model, folder / "tensor", signature=signature, pip_requirements=["scikit-learn"])


def save_custom(folder: Path) -> None:
    inputs = Schema([ColSpec("double", "x"), ColSpec("string", "word")])
    params = ParamSchema([ParamSpec("factor", "double", 2.0)])
    mlflow.pyfunc.save_model(
        folder / "whims",
        python_model=Whims(),
        signature=ModelSignature(inputs=inputs, params=params),
        metadata={"penstock.row_wise": True},
        pip_requirements=["pandas"],
    )
    kinds = ("long", "integer", "double", "float", "boolean", "string", "datetime")
    optional = [ColSpec(kind, f"optional_{kind}", required=False) for kind in kinds]
    inputs = Schema([*(ColSpec(kind, kind) for kind in kinds), *optional])
    mlflow.pyfunc.save_model(
        folder / "types", python_model=Types(), signature=ModelSignature(inputs=inputs), pip_requirements=["pandas"]
    )


def break_one(folder: Path) -> None:
    shutil.copytree(folder / "wine", folder / "broken")
    recipe = folder / "broken" / "MLmodel"
    recipe.write_text(recipe.read_text().replace("loader_module: mlflow.sklearn", "loader_module: a_lost_library"))


if __name__ == "__main__":
    target = Path(sys.argv[1])
    save_wine(target)
    save_tensor(target)
    save_custom(target)
    break_one(target)
