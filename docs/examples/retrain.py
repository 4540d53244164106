"""Train a model again on what it was asked and what turned out to be true, and register it: the command of a job.

The platform says where the rows are (`PENSTOCK_EVIDENCE`, a file), which model a new version is expected of
(`PENSTOCK_MODEL`), and of an alert when its window began (`PENSTOCK_WINDOW_START`): older rows are left out. What is
registered in a run of this process is found by the tag that `MLFLOW_RUN_CONTEXT` has.
"""

import json
import os
from datetime import datetime
from pathlib import Path

import mlflow
from deltalake import DeltaTable
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import QuantileTransformer

evidence = json.loads(Path(os.environ["PENSTOCK_EVIDENCE"]).read_text(encoding="utf-8"))
table = next(each for each in evidence["tables"] if each["name"].endswith("labelled"))
served = mlflow.models.get_model_info(f"models:/{os.environ['PENSTOCK_MODEL']}/1")
columns = served.signature.inputs.input_names()

since = os.environ.get("PENSTOCK_WINDOW_START")
newer = [("request_time", ">=", datetime.fromisoformat(since))] if since else None
rows = DeltaTable(table["location"], version=table["version"]).to_pandas(columns=[*columns, "label"], filters=newer)
print(f"{len(rows)} labelled rows, {table['name']} version {table['version']}")
# by quantiles: recorded rows are as callers sent them, and one with a decimal point missing bends no coefficient
scaler = QuantileTransformer(n_quantiles=min(100, len(rows)))
model = make_pipeline(scaler, Ridge()).fit(rows[columns], rows["label"])
print(f"R² on them {model.score(rows[columns], rows['label']):.3f}")

with mlflow.start_run():
    mlflow.log_text(rows[[*columns, "label"]].to_csv(index=False), "training.csv")
    mlflow.set_tag("penstock.training_data", "training.csv")  # from now on drift is measured against these
    signature = mlflow.models.infer_signature(rows[columns], model.predict(rows[columns]))
    mlflow.sklearn.log_model(
        model,
        name="model",
        signature=signature,
        input_example=rows[columns].head(2),
        registered_model_name=os.environ["PENSTOCK_MODEL"],
    )
