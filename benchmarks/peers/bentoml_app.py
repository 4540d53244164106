"""A BentoML service with adaptive batching."""

# mypy: ignore-errors
import os

import bentoml
import joblib
import numpy as np


@bentoml.service(workers=1, traffic={"timeout": 60}, logging={"access": {"enabled": False}})
class Wine:
    """Qualities of wines."""

    def __init__(self) -> None:
        self.model = joblib.load(os.environ["BENCH_MODEL"])

    @bentoml.api(batchable=True, max_batch_size=256, max_latency_ms=10_000)
    def predict(self, rows: np.ndarray) -> np.ndarray:
        """Rows of several callers at once."""
        return self.model.predict(rows)
