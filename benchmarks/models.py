"""The two models, of a made-up table of wines, as MLflow models and as bare scikit-learn estimators.

`python -m benchmarks.models save FOLDER`, `python -m benchmarks.models register FOLDER TRACKING_URI NAME`. Processes of
their own: the measuring process stays small and still.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.children import BenchmarkFailed

Row = Sequence[float]
COLUMNS = (
    "fixed_acidity", "volatile_acidity", "citric_acid", "residual_sugar", "chlorides", "free_sulfur_dioxide",
    "total_sulfur_dioxide", "density", "ph", "sulphates", "alcohol",
)  # fmt: skip
_MEANS = (8.3, 0.53, 0.27, 2.5, 0.087, 15.9, 46.5, 0.997, 3.31, 0.66, 10.4)
_SPREADS = (1.7, 0.18, 0.19, 1.4, 0.047, 10.5, 32.9, 0.0019, 0.15, 0.17, 1.07)
_WEIGHTS = (0.04, -1.08, -0.18, 0.016, -1.87, 0.0044, -0.0033, -17.9, -0.41, 0.92, 0.28)
_SEED = 20_240
_WINES = 1_600
_FORMAT = "cloudpickle"
"""MLflow's default, skops, refuses the trees of a forest unless each server is told to trust them."""


@dataclass(frozen=True)
class Model:
    """A trained model on disk, with a few rows and what scikit-learn itself says of them."""

    name: str
    folder: Path
    rows: tuple[tuple[float, ...], ...]
    predictions: tuple[float, ...]

    @property
    def mlflow(self) -> Path:
        """The MLflow model: fitted on a DataFrame, with its signature."""
        return self.folder / "mlflow"

    @property
    def joblib(self) -> Path:
        """The same estimator fitted on a NumPy array, so that a call with an array is not warned about."""
        return self.folder / "model.joblib"


def prepared(names: tuple[str, ...], cache: Path) -> dict[str, Model]:
    """The models by name; trained if these versions of the libraries have not done it yet."""
    folder = cache / "models" / f"mlflow-{version('mlflow')}-scikit-learn-{version('scikit-learn')}"
    if not (folder / "complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        _python("save", str(folder))
    return {name: _loaded(name, folder / name) for name in names}


def register(model: Model, tracking_uri: str, name: str) -> str:
    """Register the model in a registry; returns its version."""
    return _python("register", str(model.folder), tracking_uri, name).split()[-1]


def _loaded(name: str, folder: Path) -> Model:
    examples = json.loads((folder / "examples.json").read_text())
    return Model(name, folder, tuple(map(tuple, examples["rows"])), tuple(examples["predictions"]))


def _python(*arguments: str) -> str:
    command = [sys.executable, "-m", "benchmarks.models", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=180)  # noqa: S603
    if done.returncode:
        raise BenchmarkFailed(f"{' '.join(arguments[:1])} of the models failed: {done.stderr.strip()[-300:]}")
    return done.stdout


def _wines() -> tuple[Any, Any]:
    import numpy as np  # noqa: PLC0415
    import pandas as pd  # noqa: PLC0415

    random = np.random.default_rng(_SEED)
    measured = random.normal(_MEANS, _SPREADS, (_WINES, len(COLUMNS))).clip(np.array(_MEANS) / 20)
    centred = measured - np.array(_MEANS)
    quality = 5.6 + centred @ np.array(_WEIGHTS) + random.normal(0, 0.5, _WINES)
    return pd.DataFrame(measured.round(4), columns=list(COLUMNS)), quality.round().clip(3, 8)


def _estimators() -> dict[str, Any]:
    from sklearn.ensemble import RandomForestRegressor  # noqa: PLC0415
    from sklearn.linear_model import Ridge  # noqa: PLC0415
    from sklearn.pipeline import make_pipeline  # noqa: PLC0415
    from sklearn.preprocessing import StandardScaler  # noqa: PLC0415

    return {
        "ridge": make_pipeline(StandardScaler(), Ridge()),
        "forest": RandomForestRegressor(n_estimators=100, random_state=_SEED),
    }


def _save(folder: Path) -> None:
    import joblib  # type: ignore[import-untyped]  # noqa: PLC0415
    import mlflow  # noqa: PLC0415
    from mlflow.models import infer_signature  # noqa: PLC0415
    from sklearn.base import clone  # noqa: PLC0415

    wines, quality = _wines()
    for name, estimator in _estimators().items():
        (folder / name).mkdir(parents=True)
        fitted = clone(estimator).fit(wines, quality)
        predictions = fitted.predict(wines)
        signature = infer_signature(wines, predictions)
        path = str(folder / name / "mlflow")
        mlflow.sklearn.save_model(
            fitted, path, serialization_format=_FORMAT, signature=signature, input_example=wines.head(1)
        )
        joblib.dump(clone(estimator).fit(wines.to_numpy(), quality), folder / name / "model.joblib")
        examples = {"rows": wines.head(8).to_numpy().tolist(), "predictions": predictions[:8].tolist()}
        (folder / name / "examples.json").write_text(json.dumps(examples))
    (folder / "complete").touch()


def _register(folder: Path, tracking_uri: str, name: str) -> str:
    import mlflow  # noqa: PLC0415
    from mlflow.models import infer_signature  # noqa: PLC0415

    mlflow.set_tracking_uri(tracking_uri)
    mlflow.set_experiment("benchmarks")
    wines, quality = _wines()
    fitted = mlflow.sklearn.load_model(str(folder / "mlflow"))
    with mlflow.start_run():
        logged = mlflow.sklearn.log_model(
            fitted,
            name="model",
            serialization_format=_FORMAT,
            signature=infer_signature(wines, quality),
            input_example=wines.head(1),
            registered_model_name=name,
        )
    return str(logged.registered_model_version)


if __name__ == "__main__":
    if sys.argv[1] == "save":
        _save(Path(sys.argv[2]))
    else:
        print(_register(Path(sys.argv[2]), sys.argv[3], sys.argv[4]))
