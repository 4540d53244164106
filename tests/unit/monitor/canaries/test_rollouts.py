"""The benchmark's roll-outs in a small form: seeds are fixed, so the shares are too."""

from __future__ import annotations

from benchmarks.canary_rollouts import Rollout, simulate

ROLLOUTS = 40
PLAN = Rollout(canary_requests=4000)


def test_without_a_difference_nothing_is_rolled_back_where_thresholds_do() -> None:
    found = simulate(PLAN, base=0.01, ratio=1.0, rollouts=ROLLOUTS)
    assert found["tests"]["rolled_back"] == 0.0
    assert found["thresholds"]["rolled_back"] == 1.0


def test_doubled_errors_are_rolled_back() -> None:
    found = simulate(PLAN, base=0.05, ratio=2.0, rollouts=ROLLOUTS)
    assert found["tests"]["rolled_back"] == 1.0
    assert found["tests"]["median_requests"] < 1000
