"""What outsiders do with MLflow, each in a process of its own: importing it warns, and takes seconds.

`python mlflow_scripts.py predict URI MODEL VERSION CSV ROWS` prints the model's own predictions as JSON;
`python mlflow_scripts.py register URI CSV` registers two versions of `wine_quality` with the documentation's example,
`never_loads`, whose loading raises, and `always_raises`, whose predicting does.
"""

from __future__ import annotations

import json
import os
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any


def run(*arguments: object) -> Any:
    """Run one of the commands; its output, parsed."""
    command = [sys.executable, __file__, *map(str, arguments)]
    environment = os.environ | {"PYTHONWARNINGS": "ignore"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def register(tracking_uri: str, csv: Path) -> None:
    """Register all models of the tests on whole platforms, in one process."""
    assert run("register", tracking_uri, csv) == "registered"


def _register(uri: str, csv: str) -> str:
    import mlflow  # noqa: PLC0415 - see above

    # MLflow finds them out in a process that loads the model, seconds of the processor; both versions have the same.
    inferred: dict[str, list[str]] = {}
    infer = mlflow.models.infer_pip_requirements

    def infer_once(path: str, flavor: str, fallback: list[str]) -> list[str]:
        if flavor not in inferred:
            inferred[flavor] = infer(path, flavor, fallback=fallback)
        return inferred[flavor]

    mlflow.models.infer_pip_requirements = infer_once
    script = str(Path(__file__).parents[3] / "docs/examples/train_wine.py")
    for alpha in ("1.0", "50.0"):  # the example knows the tracking URI alone
        sys.argv = [script, uri, csv, "wine_quality", alpha]
        runpy.run_path(script, run_name="__main__")
    _never_loads(uri)
    _always_raises(uri)
    return "registered"


def _predict(uri: str, model: str, version: str, csv: str, rows: str) -> list[float]:
    import mlflow  # noqa: PLC0415 - see above
    import pandas as pd  # noqa: PLC0415

    mlflow.set_tracking_uri(uri)
    features = pd.read_csv(csv).drop(columns="quality").head(int(rows))
    with TemporaryDirectory() as folder:  # MLflow's own download folder outlives the process
        loaded = mlflow.pyfunc.load_model(f"models:/{model}/{version}", dst_path=folder)
        return [float(value) for value in loaded.predict(features)]


def _never_loads(uri: str) -> None:
    import mlflow  # noqa: PLC0415 - see above

    class NeverLoads(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
        def load_context(self, context: Any) -> None:
            raise RuntimeError("this model never loads")

        def predict(self, context: Any, model_input: list[str]) -> list[str]:
            return model_input

    mlflow.set_tracking_uri(uri)
    with mlflow.start_run():
        mlflow.pyfunc.log_model(
            name="model", python_model=NeverLoads(), registered_model_name="never_loads", pip_requirements=["mlflow"]
        )


def _always_raises(uri: str) -> None:
    import mlflow  # noqa: PLC0415 - see above

    class AlwaysRaises(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
        def predict(self, context: Any, model_input: list[str]) -> list[str]:
            raise ArithmeticError("this model never predicts")

    mlflow.set_tracking_uri(uri)
    with mlflow.start_run():
        mlflow.pyfunc.log_model(
            name="model",
            python_model=AlwaysRaises(),
            registered_model_name="always_raises",
            pip_requirements=["mlflow"],
        )


COMMANDS: dict[str, Callable[..., Any]] = {"predict": _predict, "register": _register}

if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    print(json.dumps(COMMANDS[command](*arguments)))
