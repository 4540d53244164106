"""Loads the model. The heavy imports stand here, so that they happen while the socket answers already."""

from __future__ import annotations

import gc

import mlflow.pyfunc

from penstock_runtime.model import Model
from penstock_runtime.options import Options
from penstock_runtime.prediction import Predictor
from penstock_runtime.prints import Prints


def load(options: Options, prints: Prints) -> tuple[Model, Predictor]:
    """Load the model; raises whatever the model raises."""
    model = Model(mlflow.pyfunc.load_model(options.model_path), options)
    # Libraries and model live as long as the process: the garbage collector need not walk them each time.
    gc.collect()
    gc.freeze()
    return model, Predictor(model, prints)
