"""(e) From the word to publish to the first answer: the first model of a new platform, and those after it."""

from __future__ import annotations

import time
from typing import Any

from benchmarks.models import Model, prepared
from benchmarks.options import Options
from benchmarks.platform import Platform, fresh
from benchmarks.progress import report_progress
from benchmarks.usage import median

WARM = 3
"""Publishes after the first, in each round."""


def run(options: Options) -> dict[str, Any]:
    """Seconds: `up_s`, `cold_s`, `warm_s` (medians) and every sample. Nothing need be built for this model."""
    model = prepared(("ridge",), options.cache)["ridge"]
    up: list[float] = []
    cold: list[float] = []
    warm: list[float] = []
    for number in range(options.rounds):
        platform = fresh(options.cache, "publishing")
        try:
            up.append(platform.up())
            version = platform.register(model)
            cold.append(_publish(platform, "wine-0", model, version))
            warm += [_publish(platform, f"wine-{turn}", model, version) for turn in range(1, WARM + 1)]
        finally:
            platform.remove()
        report_progress(
            f"e: round {number + 1}/{options.rounds}: up {up[-1]:.1f} s, cold {cold[-1]:.2f} s, warm {warm[-1]:.2f} s"
        )
    samples = {"up": up, "cold": cold, "warm": warm}
    return {**{f"{name}_s": median(taken) for name, taken in samples.items()}, "samples": samples}


def _publish(platform: Platform, name: str, model: Model, version: str) -> float:
    started = time.monotonic()
    platform.answers(platform.publish(name, model, version), model)
    return time.monotonic() - started
