"""Trains the demo's model and registers it: `python -m penstock.demo_model TRACKING_URI NAME`. Prints the version.

A process of its own: it imports MLflow and scikit-learn, which the command line has no other use for.
"""

from __future__ import annotations

import sys


def train(tracking_uri: str, name: str) -> str:
    """Fit a classifier of wines (178 wines, 13 measurements, 3 growers) and register it; returns its version."""
    import mlflow  # noqa: PLC0415
    from mlflow.models import infer_signature  # noqa: PLC0415
    from sklearn.datasets import load_wine  # noqa: PLC0415
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415
    from sklearn.pipeline import make_pipeline  # noqa: PLC0415
    from sklearn.preprocessing import StandardScaler  # noqa: PLC0415

    wines = load_wine(as_frame=True)
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500)).fit(wines.data, wines.target)
    mlflow.set_tracking_uri(tracking_uri)
    mlflow.set_experiment("penstock-demo")
    with mlflow.start_run():
        mlflow.log_metric("training_accuracy", float(model.score(wines.data, wines.target)))
        logged = mlflow.sklearn.log_model(
            model,
            name="model",
            signature=infer_signature(wines.data, model.predict(wines.data)),
            input_example=wines.data.head(2),
            registered_model_name=name,
        )
    return str(logged.registered_model_version)


if __name__ == "__main__":
    print(train(sys.argv[1], sys.argv[2]))
