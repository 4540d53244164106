"""`mlflow models serve`, BentoML, Ray Serve, and FastAPI with scikit-learn by hand."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.children import ChildProcess
from benchmarks.environments import PEERS
from benchmarks.http_client import as_json
from benchmarks.load import Request
from benchmarks.models import COLUMNS, Model, Row
from benchmarks.targets.base import Peer


class MlflowServe(Peer):
    """The model server that MLflow itself brings, one worker."""

    name, title = "mlflow", "`mlflow models serve`, 1 worker"
    environment, packages = "mlflow", ("mlflow", "scikit-learn")

    def start(self, model: Model, port: int) -> ChildProcess:
        """See the base."""
        options = ["--env-manager", "local", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
        command = self.command("-m", "mlflow", "models", "serve", "-m", model.mlflow, *options)
        return ChildProcess(self.name, command, self.log(model), env=self.variables)

    def request(self, row: Row, base: str) -> Request:
        """See the base."""
        return Request(f"{base}/invocations", as_json({"dataframe_split": {"columns": COLUMNS, "data": [row]}}))

    def read(self, answer: Any) -> list[float]:
        """See the base."""
        return list(answer["predictions"])


class _Rows(Peer):
    """Asked with `{"rows": [[…]]}` at `/predict`; the program is ours, in `peers/`."""

    def request(self, row: Row, base: str) -> Request:
        """See the base."""
        return Request(f"{base}/predict", as_json({"rows": [row]}))

    def read(self, answer: Any) -> list[float]:
        """See the base."""
        return list(answer)


class BentoMl(_Rows):
    """BentoML, its adaptive batching on."""

    name, title = "bentoml", "BentoML, batchable"
    environment, packages = "bentoml", ("bentoml", "scikit-learn")

    def start(self, model: Model, port: int) -> ChildProcess:
        """See the base."""
        home = self.options.cache / "bentoml-home"
        home.mkdir(parents=True, exist_ok=True)
        variables = {"BENTOML_HOME": str(home), "BENTOML_DO_NOT_TRACK": "True", "BENCH_MODEL": str(model.joblib)}
        options: list[str | Path] = ["--host", "127.0.0.1", "--port", str(port), "--working-dir", PEERS]
        command = self.command("-m", "bentoml", "serve", "bentoml_app:Wine", *options)
        return ChildProcess(self.name, command, self.log(model), env=self.variables | variables, cwd=PEERS)


class RayServe(_Rows):
    """Ray Serve, one replica, `@serve.batch`."""

    name, title = "ray", "Ray Serve, `@serve.batch`"
    environment, packages = "ray", ("ray", "scikit-learn")
    _folder: str | None = None

    def start(self, model: Model, port: int) -> ChildProcess:
        """See the base."""
        self.close()
        self._folder = tempfile.mkdtemp(prefix="ray-")  # short: Ray keeps sockets in it
        variables = {"RAY_USAGE_STATS_ENABLED": "0", "BENCH_MODEL": str(model.joblib), "BENCH_PORT": str(port)}
        variables["BENCH_FOLDER"] = self._folder
        return ChildProcess(
            self.name, self.command(PEERS / "ray_app.py"), self.log(model), env=self.variables | variables
        )

    def close(self) -> None:
        """Remove Ray's session folder."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None


class FastApi(_Rows):
    """A few lines of FastAPI around `estimator.predict`, as people write them: uvicorn, uvloop, one worker."""

    name, title = "fastapi", "FastAPI + scikit-learn on NumPy"
    environment, packages = "fastapi", ("fastapi", "uvicorn", "scikit-learn")

    def start(self, model: Model, port: int) -> ChildProcess:
        """See the base."""
        options = ["--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning"]
        where: list[str | Path] = ["--app-dir", PEERS, "--host", "127.0.0.1", "--port", str(port)]
        command = self.command("-m", "uvicorn", "fastapi_app:app", *where, *options)
        return ChildProcess(
            self.name, command, self.log(model), env=self.variables | {"BENCH_MODEL": str(model.joblib)}
        )
