"""Registers the models that the controller's tests expect: python register_models.py TRACKING_URI."""

import sys

import mlflow
import pandas as pd
from mlflow.models import infer_signature
from sklearn.linear_model import LinearRegression

mlflow.set_tracking_uri(sys.argv[1])
frame = pd.DataFrame({"acidity": [7.4, 7.8], "alcohol": [9.4, 9.8]})
model = LinearRegression().fit(frame, [5.0, 6.0])
for _ in range(2):
    mlflow.sklearn.log_model(
        model,
        name="model",
        signature=infer_signature(frame, model.predict(frame)),
        input_example=frame.head(1),
        registered_model_name="wine",
        pip_requirements=[],
    )
client = mlflow.MlflowClient()
client.set_registered_model_alias("wine", "champion", "2")
client.create_registered_model("bare", description="without versions")
client.set_registered_model_tag("wine", "team.name", "cellar 7")
mlflow.sklearn.log_model(
    model, name="model", registered_model_name="xeres", pip_requirements=["scikit-learn", "pandas"]
)
