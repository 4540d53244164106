"""The loop, on real wines: a model of red ones serves, then white ones come. Nothing else is done by hand.

Ten requests a second, each with one wine; labels follow a hundred at a time. Goes on until it is interrupted.
"""

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import mlflow
import pandas as pd
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import penstock

SERVICE, MODEL = "wines", "table_wine"
REQUESTS_PER_S, LABELS_AT_ONCE = 10, 100


def train(wines: pd.DataFrame) -> None:
    """Register version 1, with what it was trained on: that is what drift is measured against."""
    features = wines.drop(columns="quality")
    model = make_pipeline(StandardScaler(), Ridge()).fit(features, wines["quality"])
    with mlflow.start_run():
        signature = mlflow.models.infer_signature(features, model.predict(features))
        mlflow.sklearn.log_model(
            model, name="model", signature=signature, input_example=features.head(2), registered_model_name=MODEL
        )
        mlflow.log_text(wines.to_csv(index=False), "training.csv")
        mlflow.set_tag("penstock.training_data", "training.csv")


def publish(client: penstock.Client) -> str:
    """The service, two rules, and what is done when one of them is broken; a key."""
    source = {"kind": "mlflow", "model": MODEL, "version": "1"}
    client.create_service({"name": SERVICE, "start": True, "version": {"model_source": source}})
    client.create_monitor(SERVICE, "moved", kind="drift", metric="psi", warning=0.1, critical=0.25)
    client.create_monitor(SERVICE, "off", kind="model_quality", metric="mae", critical=0.7, delay="PT5M")
    retrain = Path(__file__).with_name("retrain.py")
    client.create_retraining_trigger(
        SERVICE,
        "again",
        on_alert={"severity": "critical"},
        action={"kind": "job", "command": ["python", "retrain.py"], "files": {"retrain.py": retrain.read_text()}},
        then={"publish": "canary"},
    )
    while client.service(SERVICE)["status"] != "running":
        time.sleep(1)
    return str(client.create_key(SERVICE, "tasters")["key"])


def wines_of(red: pd.DataFrame, white: pd.DataFrame, minutes: float) -> Iterator[pd.DataFrame]:
    """One wine after the other: red ones for some time, then white ones."""
    ends = time.monotonic() + 60 * minutes
    while True:
        yield (red if time.monotonic() < ends else white).sample(1)


def taste(client: penstock.Client, url: str, key: str, wines: Iterator[pd.DataFrame]) -> None:
    """Ask about each, and say what it was a few seconds later."""
    labels = []
    with httpx.Client(headers={"Authorization": f"Bearer {key}"}, timeout=30) as caller:
        for number, wine in enumerate(wines):
            features = wine.drop(columns="quality")
            request_id = f"taste-{number}-{time.time_ns()}"
            body = {
                "client_request_id": request_id,
                "dataframe_split": {"columns": list(features.columns), "data": features.to_numpy().tolist()},
            }
            answer = caller.post(f"{url}/{SERVICE}/predict", json=body)
            if answer.is_success:
                labels.append({"client_request_id": request_id, "label": float(wine["quality"].iloc[0])})
            else:
                print(answer.status_code, answer.text, flush=True)
            if len(labels) == LABELS_AT_ONCE:
                client.send_labels(SERVICE, labels)
                labels = []
            time.sleep(1 / REQUESTS_PER_S)


def main() -> None:
    """All of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("red", type=Path, help="wines as CSV, with a header and a column `quality`")
    parser.add_argument("white", type=Path, help="the others")
    parser.add_argument("--minutes", type=float, default=10, help="so long red ones come (10)")
    parser.add_argument("--control-plane", default="http://127.0.0.1:8000")
    parser.add_argument("--data-plane", default="http://127.0.0.1:8080")
    parser.add_argument("--mlflow", default="http://127.0.0.1:5000")
    parser.add_argument("--token", type=Path, default=Path(".penstock/admin-token"), help="its file")
    given = parser.parse_args()
    red, white = (pd.read_csv(csv).astype(float) for csv in (given.red, given.white))
    mlflow.set_tracking_uri(given.mlflow)
    train(red)
    with penstock.Client(given.control_plane, given.token.read_text()) as client:
        taste(client, given.data_plane, publish(client), wines_of(red, white, given.minutes))


if __name__ == "__main__":
    main()
