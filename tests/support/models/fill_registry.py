"""Registers `wine_quality` versions 1 and 2 (plain files, no training): `python fill_registry.py URI FOLDER`.

A process of its own: MLflow's server half warns about its own dependencies, and warnings are errors in tests.
"""

import sys
from pathlib import Path

import mlflow

uri, folder = sys.argv[1], Path(sys.argv[2])
mlflow.set_tracking_uri(uri)
client = mlflow.MlflowClient()
experiment = client.create_experiment("e", artifact_location=f"{folder}/artifacts")
client.create_registered_model("wine_quality")
for number in ("1", "2"):
    run = client.create_run(experiment)
    model = folder / f"model-{number}"
    model.mkdir()
    (model / "MLmodel").write_text("flavors:\n  python_function:\n    loader_module: nothing\n")
    (model / "requirements.txt").write_text(f"mlflow=={mlflow.__version__}\n")
    (model / "number").write_text(number)
    client.log_artifacts(run.info.run_id, str(model), "model")
    client.create_model_version("wine_quality", f"runs:/{run.info.run_id}/model", run.info.run_id)
