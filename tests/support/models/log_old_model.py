"""Run by the Python of an old MLflow: save a model with it, and write down what that MLflow answers.

`log_old_model.py FOLDER REQUEST`: the model goes to FOLDER; printed is the answer of MLflow's own scoring to REQUEST.
"""

from __future__ import annotations

import json
import sys
import warnings
from typing import Any

warnings.simplefilter("ignore")

import cloudpickle  # type: ignore[import-untyped]  # noqa: E402
import mlflow  # noqa: E402
import pandas as pd  # noqa: E402
from mlflow.models import infer_signature  # noqa: E402
from mlflow.pyfunc import scoring_server  # noqa: E402

FRAME = pd.DataFrame(
    {"text": ["Loud", "quiet"], "weight": [1.5, -2.0], "count": [3, 4], "flag": [True, False]},
)


class Describes(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
    """Answers a text that shows value and type of every column."""

    def predict(self, context: Any, model_input: Any) -> list[str]:
        rows = zip(*(model_input[name].tolist() for name in ("text", "weight", "count", "flag")), strict=True)
        return [f"{text.upper()} {weight * 2!r} {count + 1!r} {not flag!r}" for text, weight, count, flag in rows]


def answer_of(model: Any, request: str) -> Any:
    """What `mlflow models serve` would answer, without a server."""
    app = scoring_server.init(model)
    headers = {"content-type": "application/json"}
    if not hasattr(app, "test_client"):
        from starlette.testclient import TestClient  # noqa: PLC0415 - MLflow 2.21 and newer bring it

        return TestClient(app).post("/invocations", content=request, headers=headers).json()
    if mlflow.__version__.startswith("1."):  # it takes the frame alone, and answers with the list alone
        request = json.dumps(json.loads(request)["dataframe_split"])
    answer = json.loads(app.test_client().post("/invocations", data=request, headers=headers).data)
    return {"predictions": answer} if isinstance(answer, list) else answer


def main(folder: str, request: str) -> None:
    mlflow.pyfunc.save_model(
        folder,
        python_model=Describes(),
        signature=infer_signature(FRAME),
        input_example=FRAME,
        pip_requirements=[f"mlflow=={mlflow.__version__}", f"cloudpickle=={cloudpickle.__version__}"],
    )
    print(json.dumps({"mlflow": mlflow.__version__, "answer": answer_of(mlflow.pyfunc.load_model(folder), request)}))


main(*sys.argv[1:])
