"""What a whole run and its layers may cost, in units of the calibration loop (about a CPU second each, `calibration`).

Above 1.5 times its budget a run fails: the loop takes out most of a machine's moods, not all.
"""

from __future__ import annotations

from collections.abc import Mapping

from test_run.layers import Cost, Layer

TOLERANCE = 1.5

WHOLE_RUN = 2580.0
"""All CPU of a run, detached platforms included. Measured: 2,173 on two cores of a quiet machine with Python 3.11; then
Spark came, with 42 where there is Java, and 360 (three minutes of two cores) for quality, alerts, canaries and jobs."""

LAYERS: Mapping[str, float] = {
    "unit": 60,
    "contract": 30,
    "integration": 1560,
    "fuzz": 20,
    "e2e": 640,
    "chaos": 245,
}

UNIT_ROOM = 2.0
"""One folder of the unit tests: whoever works in that room runs them after each change.

Counted without servers that other tests have started and that idle or end beside them."""

LARGE_UNIT_ROOMS: Mapping[str, float] = {
    "controller": 5,
    "monitor/notifications": 4,
    "monitor/statistics": 4,
    "penstock": 9,
    "router/spool": 6,
    "runtime/payloads": 3,
    "runtime/sharing": 6,
    "scheduler/domain": 6,
    "scheduler/requirements": 4,
    "shared": 5,
    "support": 9,
}
"""Folders that cost more: random series of Hypothesis, files that are truly written, processes that import."""


def over_budget(total: float, layers: Mapping[str, Layer], unit: float) -> list[str]:
    """A line for each budget that is exceeded by more than the tolerance; `unit`: CPU seconds of one unit of cost."""
    judged = [("the whole run", total, WHOLE_RUN)]
    judged += [(f"layer {name}", layer.cpu_s / unit, LAYERS[name]) for name, layer in layers.items() if name in LAYERS]
    judged += [(f"unit tests of {room}", cost / unit, budget) for room, cost, budget in _unit_rooms(layers)]
    return [
        f"{name} cost {cost:.1f}, more than {TOLERANCE} times its budget of {budget:.1f}"
        for name, cost, budget in judged
        if cost > TOLERANCE * budget
    ]


def _unit_rooms(layers: Mapping[str, Layer]) -> list[tuple[str, float, float]]:
    rooms: Mapping[str, Cost] = layers["unit"].rooms if "unit" in layers else {}
    return [(room, cost.alone_s, LARGE_UNIT_ROOMS.get(room, UNIT_ROOM)) for room, cost in rooms.items()]
