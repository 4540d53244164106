"""Train a model on a table of wines and register it. Usage: python train_wine.py TRACKING_URI CSV [NAME] [ALPHA]

Knows nothing of Penstock: the tracking URI is all that ties the two. The CSV has a header and a column `quality`.
"""

import sys

import mlflow
import pandas as pd
from mlflow.models import infer_signature
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

tracking_uri, csv = sys.argv[1:3]
name = sys.argv[3] if len(sys.argv) > 3 else "wine_quality"
alpha = float(sys.argv[4]) if len(sys.argv) > 4 else 1.0

wines = pd.read_csv(csv)
features = wines.drop(columns="quality")
model = make_pipeline(StandardScaler(), Ridge(alpha=alpha)).fit(features, wines["quality"])

mlflow.set_tracking_uri(tracking_uri)
mlflow.set_experiment("wine")
with mlflow.start_run():
    logged = mlflow.sklearn.log_model(
        model,
        name="model",
        signature=infer_signature(features, model.predict(features)),
        input_example=features.head(2),
        registered_model_name=name,
    )
print(f"{name} version {logged.registered_model_version}")
