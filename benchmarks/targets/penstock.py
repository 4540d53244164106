"""Penstock, everything on: key check, rate limit, request logging; router, pod, NATS and logger on the same machine."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from typing import Any

from benchmarks.children import BenchmarkFailed, wait_until
from benchmarks.http_client import as_json
from benchmarks.load import Request
from benchmarks.models import Model, Row
from benchmarks.options import Options
from benchmarks.platform import Platform, Service, fresh
from benchmarks.targets.base import Running, Target
from benchmarks.targets.v2 import tensors

CATCH_UP_WITHIN_S = 300


class Penstock(Target):
    """One platform for each model; ended and started again in every round, like the others."""

    name, title = "penstock", "**Penstock**, everything on"

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self.kept: dict[str, tuple[Platform, Service]] = {}
        self.answered: dict[str, int] = {}

    def prepare(self) -> dict[str, str]:
        """Nothing to build: it runs out of this environment."""
        return {"penstock": version("penstock"), "mlflow": version("mlflow"), "scikit-learn": version("scikit-learn")}

    @contextlib.contextmanager
    def serve(self, model: Model) -> Iterator[Running]:
        """Up; published once; down, when every answer so far has its row."""
        platform, service = self._published(model)
        try:
            if platform.child is None:
                platform.up()
            platform.answers(service, model)
            assert platform.child is not None
            answered = self.answered.setdefault(model.name, 0)
            running = Running(platform.child.pid, service.request, _predictions, answered=1)
            running.meter = lambda: sum(platform.cpu_s().values())
            running.v2 = lambda rows: _v2(service, rows)
            yield running
            self.answered[model.name] = answered + running.answered
            running.notes |= self._caught_up(platform, service, self.answered[model.name])
        finally:
            platform.down()

    def close(self) -> None:
        """Delete the homes."""
        for platform, _ in self.kept.values():
            platform.remove()
        self.kept.clear()

    def _published(self, model: Model) -> tuple[Platform, Service]:
        if model.name not in self.kept:
            platform = fresh(self.options.cache, f"penstock-{model.name}")
            try:
                platform.up()
                service = platform.publish(model.name, model, platform.register(model))
            except BaseException:
                platform.remove()
                raise
            self.kept[model.name] = (platform, service)
        return self.kept[model.name]

    def _caught_up(self, platform: Platform, service: Service, answered: int) -> dict[str, Any]:
        """Wait until the request log has every answer; says how long that took and what is missing."""
        started = time.monotonic()
        with contextlib.suppress(BenchmarkFailed):
            wait_until(
                lambda: platform.rows(service.name) >= answered, CATCH_UP_WITHIN_S, "the request log", every_s=1.0
            )
        missing = max(0, answered - platform.rows(service.name))
        return {"answered": answered, "rows_missing": missing, "catch_up_s": round(time.monotonic() - started, 1)}


def _v2(service: Service, rows: Sequence[Row]) -> Request:
    url = f"{service.url}/v2/models/{service.name}/infer"
    return Request(url, as_json({"inputs": tensors(rows)}), {"Authorization": f"Bearer {service.key}"})


def _predictions(answer: Any) -> list[float]:
    return list(answer["predictions"])
