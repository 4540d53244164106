"""Who is measured: Penstock, and the model servers that stand beside it."""

from __future__ import annotations

from benchmarks.options import Options
from benchmarks.targets.base import Target
from benchmarks.targets.peers import BentoMl, FastApi, MlflowServe, RayServe
from benchmarks.targets.penstock import Penstock
from benchmarks.targets.v2 import MlServer


def all_targets(options: Options) -> list[Target]:
    """Every target, in the order of the table; only those that the options name, where they name any."""
    targets: list[Target] = [
        Penstock(options),
        MlflowServe(options),
        MlServer(options, "sklearn", is_batching=False),
        MlServer(options, "sklearn", is_batching=True),
        MlServer(options, "mlflow", is_batching=False),
        MlServer(options, "mlflow", is_batching=True),
        BentoMl(options),
        RayServe(options),
        FastApi(options),
    ]
    return [target for target in targets if not options.targets or target.name in options.targets]
