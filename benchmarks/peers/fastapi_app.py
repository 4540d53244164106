"""What people write by hand: FastAPI, scikit-learn, NumPy."""

# mypy: ignore-errors
import os

import joblib
import numpy as np
from fastapi import FastAPI
from pydantic import BaseModel

model = joblib.load(os.environ["BENCH_MODEL"])
app = FastAPI()


class Wines(BaseModel):
    """Rows of eleven measurements."""

    rows: list[list[float]]


@app.post("/predict")
async def predict(wines: Wines) -> list[float]:
    """Their qualities. Inline: a thread per request is slower for a model this small."""
    return model.predict(np.asarray(wines.rows)).tolist()
