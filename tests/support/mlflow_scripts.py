"""What outsiders do with MLflow, each in a process of its own: importing it warns, and takes seconds.

`python mlflow_scripts.py predict URI MODEL VERSION CSV ROWS` prints the model's own predictions as JSON;
`python mlflow_scripts.py never-loads URI` registers a model whose loading raises, `always-raises URI` one whose
predicting does.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any


def run(*arguments: object) -> Any:
    """Run one of the commands; its output, parsed."""
    command = [sys.executable, __file__, *map(str, arguments)]
    environment = os.environ | {"PYTHONWARNINGS": "ignore"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def train(tracking_uri: str, csv: Path, name: str = "wine_quality", alpha: float = 1.0) -> None:
    """Train and register with the example of the documentation, which knows the tracking URI alone."""
    script = Path(__file__).parents[2] / "docs/examples/train_wine.py"
    command = [sys.executable, str(script), tracking_uri, str(csv), name, str(alpha)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def _predict(uri: str, model: str, version: str, csv: str, rows: str) -> list[float]:
    import mlflow  # noqa: PLC0415 - see above
    import pandas as pd  # noqa: PLC0415

    mlflow.set_tracking_uri(uri)
    features = pd.read_csv(csv).drop(columns="quality").head(int(rows))
    return [float(value) for value in mlflow.pyfunc.load_model(f"models:/{model}/{version}").predict(features)]


def _never_loads(uri: str) -> str:
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
    return "never_loads"


def _always_raises(uri: str) -> str:
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
    return "always_raises"


COMMANDS: dict[str, Callable[..., Any]] = {
    "predict": _predict,
    "never-loads": _never_loads,
    "always-raises": _always_raises,
}

if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    print(json.dumps(COMMANDS[command](*arguments)))
