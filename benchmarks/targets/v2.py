"""MLServer, with the Open Inference (V2) protocol: two runtimes, each with and without adaptive batching."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

from benchmarks.children import ChildProcess, free_port
from benchmarks.http_client import as_json
from benchmarks.load import Request
from benchmarks.models import COLUMNS, Model, Row
from benchmarks.options import Options
from benchmarks.targets.base import Peer

BATCH_ROWS = 32
BATCH_WINDOW_S = 0.005


class MlServer(Peer):
    """`runtime` sklearn: the bare estimator on one tensor; mlflow: the MLflow model, a tensor per column."""

    environment = "mlserver"
    packages = ("mlserver", "mlflow", "scikit-learn")

    def __init__(self, options: Options, runtime: Literal["sklearn", "mlflow"], *, is_batching: bool) -> None:
        super().__init__(options)
        self.runtime = runtime
        self.is_batching = is_batching
        self.name = f"mlserver-{runtime}{'-batching' if is_batching else ''}"
        batching = f", batching ({BATCH_ROWS} rows, {BATCH_WINDOW_S * 1000:.0f} ms)" if is_batching else ""
        self.title = f"MLServer, {runtime} runtime{batching}"

    def start(self, model: Model, port: int) -> ChildProcess:
        """See the base."""
        folder = self.options.cache / "mlserver" / self.name / model.name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "settings.json").write_text(json.dumps(self._server(port)))
        (folder / "model-settings.json").write_text(json.dumps(self._model(model)))
        return ChildProcess(
            self.name, [self.python.with_name("mlserver"), "start", folder], self.log(model), env=self.variables
        )

    def request(self, row: Row, base: str) -> Request:
        """See the base."""
        inputs = tensors([row]) if self.runtime == "mlflow" else [one_tensor(row)]
        return Request(f"{base}/v2/models/wine/infer", as_json({"inputs": inputs}))

    def v2(self, base: str) -> Callable[[Sequence[Row]], Request] | None:
        """See the base."""
        if self.runtime != "mlflow":
            return None
        return lambda rows: Request(f"{base}/v2/models/wine/infer", as_json({"inputs": tensors(rows)}))

    def read(self, answer: Any) -> list[float]:
        """See the base."""
        return list(answer["outputs"][0]["data"])

    def _server(self, port: int) -> dict[str, Any]:
        ports = {"http_port": port, "grpc_port": free_port(), "metrics_port": free_port()}
        return {"host": "127.0.0.1", "debug": False, "use_structured_logging": False, **ports}

    def _model(self, model: Model) -> dict[str, Any]:
        implementations = {"sklearn": "mlserver_sklearn.SKLearnModel", "mlflow": "mlserver_mlflow.MLflowRuntime"}
        uris: dict[str, Path] = {"sklearn": model.joblib, "mlflow": model.mlflow}
        found: dict[str, Any] = {
            "name": "wine",
            "implementation": implementations[self.runtime],
            "parameters": {"uri": str(uris[self.runtime])},
        }
        return found | ({"max_batch_size": BATCH_ROWS, "max_batch_time": BATCH_WINDOW_S} if self.is_batching else {})


def one_tensor(row: Row) -> dict[str, Any]:
    """One row as a V2 input of all columns."""
    return {"name": "wines", "shape": [1, len(row)], "datatype": "FP64", "data": list(row)}


def tensors(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Rows as V2 inputs, one for each column."""
    return [
        {"name": name, "shape": [len(rows), 1], "datatype": "FP64", "data": list(column)}
        for name, column in zip(COLUMNS, zip(*rows, strict=True), strict=True)
    ]
