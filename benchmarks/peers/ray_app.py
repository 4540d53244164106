"""A Ray Serve deployment of one replica whose calls are batched. Serves until it is ended."""

# mypy: ignore-errors
import os
import signal

import joblib
import numpy as np
import ray
from ray import serve
from starlette.requests import Request


@serve.deployment(num_replicas=1, max_ongoing_requests=1024)
class Wine:
    """Qualities of wines."""

    def __init__(self) -> None:
        self.model = joblib.load(os.environ["BENCH_MODEL"])

    @serve.batch(max_batch_size=64, batch_wait_timeout_s=0.005)
    async def predict(self, rows: list[list[float]]) -> list[float]:
        """Rows of several callers at once."""
        return self.model.predict(np.asarray(rows)).tolist()

    async def __call__(self, request: Request) -> list[float]:
        """One caller's row."""
        body = await request.json()
        return [await self.predict(body["rows"][0])]


ray.init(num_cpus=2, include_dashboard=False, _temp_dir=os.environ["BENCH_FOLDER"], log_to_driver=False)
serve.start(http_options={"host": "127.0.0.1", "port": int(os.environ["BENCH_PORT"])})
serve.run(Wine.bind(), name="wine", route_prefix="/predict")
signal.sigwait({signal.SIGTERM, signal.SIGINT})
serve.shutdown()
ray.shutdown()
