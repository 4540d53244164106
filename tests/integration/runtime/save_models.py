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

import lightgbm
import mlflow
import numpy as np
import onnx
import pandas as pd
import xgboost
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


class Shapes(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
    """Returns its two columns in the shape that `params` name."""

    def predict(self, context: Any, model_input: Any, params: dict[str, Any] | None = None) -> Any:
        frame = pd.DataFrame(np.asarray(model_input, dtype=float), columns=["a", "b"])
        shape = (params or {}).get("shape", "frame")
        if shape == "strings":
            return [f"row {a}" for a in frame["a"]]
        if shape == "arrays":
            return {"left": frame["a"].to_numpy(), "right": frame["b"].to_numpy()}
        lists, records = frame.to_numpy().tolist(), frame.to_dict(orient="records")
        others = {"frame": frame, "series": frame["a"], "matrix": frame.to_numpy(), "lists": lists, "dicts": records}
        return others[shape]


class Centred:
    """Looks like a scikit-learn model whose rows are independent, and subtracts their mean."""

    def fit(self, x: Any, y: Any) -> Centred:
        return self

    def predict(self, x: Any) -> Any:
        values = np.asarray(x)[:, 0]
        return values - values.mean()


def save_shapes(folder: Path) -> None:
    params = ParamSchema([ParamSpec("shape", "string", "frame")])
    inputs = Schema([ColSpec("double", "a"), ColSpec("double", "b")])
    outputs = Schema([ColSpec("double")])
    common = {"python_model": Shapes(), "pip_requirements": ["pandas"], "metadata": {"penstock.row_wise": True}}
    mlflow.pyfunc.save_model(folder / "shapes", signature=ModelSignature(inputs, outputs, params), **common)
    mlflow.pyfunc.save_model(folder / "shapeless", **common)


def save_boosted(folder: Path) -> None:
    """XGBoost, LightGBM and ONNX: libraries with threads of their own, which forks do not survive."""
    rng = np.random.default_rng(7)
    rows = pd.DataFrame(rng.normal(size=(2000, 4)), columns=["a", "b", "c", "d"])
    target = rows["a"] * 2 - rows["b"]
    example = rows.head(3)
    more = {"input_example": example, "pip_requirements": ["pandas"]}
    trees = xgboost.XGBRegressor(n_estimators=20).fit(rows, target)
    mlflow.xgboost.save_model(trees, folder / "xgboost", **more)
    leaves = lightgbm.LGBMRegressor(n_estimators=20, verbose=-1).fit(rows, target)
    mlflow.lightgbm.save_model(leaves, folder / "lightgbm", **more)
    mlflow.lightgbm.save_model(leaves, folder / "lightgbm_bare", pip_requirements=["pandas"])
    tensor = example.to_numpy(dtype=np.float32)
    mlflow.onnx.save_model(linear_graph(), folder / "onnx", input_example=tensor, pip_requirements=["pandas"])
    for name in ("xgboost", "lightgbm", "onnx"):
        answer = mlflow.pyfunc.load_model(str(folder / name)).predict(tensor if name == "onnx" else example)
        values = next(iter(answer.values())) if isinstance(answer, dict) else answer
        document = {"rows": example.to_numpy().tolist(), "predictions": np.asarray(values).tolist()}
        (folder / f"{name}.json").write_text(json.dumps(document))


def linear_graph() -> Any:
    """An ONNX model of one matrix product: 4 columns in, 1 out."""
    weights = np.array([[2.0], [-1.0], [0.5], [0.0]], dtype=np.float32)
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("MatMul", ["x", "w"], ["y"])],
        "linear",
        [onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [None, 4])],
        [onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [None, 1])],
        [onnx.numpy_helper.from_array(weights, "w")],
    )
    return onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)


def save_examples(folder: Path) -> None:
    """scikit-learn with an example; one whose example does not fit; one whose rows depend on each other."""
    table = load_wine(as_frame=True)
    model = make_pipeline(StandardScaler(), Ridge()).fit(table.data, table.target)
    more = {"input_example": table.data.head(2), "pip_requirements": ["scikit-learn"]}
    mlflow.sklearn.save_model(model, folder / "wine_example", **more)
    shutil.copytree(folder / "wine_example", folder / "wine_odd")
    (folder / "wine_odd" / "serving_input_example.json").write_text(
        '{"dataframe_split": {"columns": [], "data": [[]]}}'
    )
    values = pd.DataFrame({"a": [1.0, 2.0, 4.0]})
    mlflow.sklearn.save_model(
        Centred(), folder / "centred", input_example=values, pip_requirements=["scikit-learn"],
        serialization_format="cloudpickle",
    )  # fmt: skip


def break_one(folder: Path) -> None:
    shutil.copytree(folder / "wine", folder / "broken")
    recipe = folder / "broken" / "MLmodel"
    recipe.write_text(recipe.read_text().replace("loader_module: mlflow.sklearn", "loader_module: a_lost_library"))


if __name__ == "__main__":
    target = Path(sys.argv[1])
    save_wine(target)
    save_tensor(target)
    save_custom(target)
    save_shapes(target)
    save_boosted(target)
    save_examples(target)
    break_one(target)
