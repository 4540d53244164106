"""The parts of the suite, each a function from options to results as plain JSON."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmarks.options import Options
from benchmarks.parts import (
    autoscaling,
    canary,
    cluster,
    console,
    control_plane,
    end_to_end,
    growth,
    hop,
    inference_tables,
    logging_cost,
    memory,
    metric_store,
    publishing,
    sharing,
    statistics,
    table_of_a_day,
)

Part = Callable[[Options], dict[str, Any]]

PARTS: dict[str, Part] = {
    "a": end_to_end.run,
    "b": hop.run,
    "c": logging_cost.run,
    "d": growth.run,
    "e": publishing.run,
    "f": memory.run,
    "g": control_plane.run,
    "h": autoscaling.run,
    "i": sharing.run,
    "j": inference_tables.run,
    "k": console.run,
    "l": table_of_a_day.run,
    "m": metric_store.run,
    "n": canary.run,
    "q": statistics.run,
    "r": cluster.run,
}
