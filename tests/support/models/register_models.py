"""Registers `wine_quality`: version 1 doubles `x`, version 2 cannot be loaded. Arguments: tracking URI, folder."""

import sys
import textwrap
from pathlib import Path

import mlflow
import pandas as pd

uri, folder = sys.argv[1], Path(sys.argv[2])
mlflow.set_tracking_uri(uri)
mlflow.create_experiment("e", artifact_location=f"{folder}/artifacts")
mlflow.set_experiment("e")
CODE = """
    import mlflow

    class Model(mlflow.pyfunc.PythonModel):
        def load_context(self, context):
            {load}

        def predict(self, context, model_input, params=None):
            return model_input["x"] * 2

    mlflow.models.set_model(Model())
"""
example = pd.DataFrame({"x": [1.0]})
signature = mlflow.models.infer_signature(example, pd.Series([2.0]))
for number, load in (("1", "pass"), ("2", "raise ValueError('this model is broken')")):
    script = folder / f"model_{number}.py"
    script.write_text(textwrap.dedent(CODE.format(load=load)))
    with mlflow.start_run():
        mlflow.pyfunc.log_model(
            name="model",
            python_model=str(script),
            signature=signature,
            pip_requirements=[f"mlflow=={mlflow.__version__}", "pandas"],
            registered_model_name="wine_quality",
        )
