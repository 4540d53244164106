"""(n) Canaries: simulated roll-outs judged by sequential tests, beside threshold checks. No platform is started."""

from __future__ import annotations

from typing import Any

from benchmarks.canary_rollouts import Rollout, simulate, simulate_promotions
from benchmarks.options import Options
from benchmarks.progress import report_progress

BASE_RATES = (0.005, 0.01, 0.05)
RATIOS = (1.0, 2.0)
PER_MINUTE = (50, 500)
"""Canary requests of a minute: what threshold checks look at."""
PROMOTED_RATES = (0.0, 0.001, 0.005, 0.01, 0.05)
MOST_FOR_PROMOTION = 50_000
ROLLOUTS, QUICK_ROLLOUTS = 1000, 50


def run(options: Options) -> dict[str, Any]:
    """`cases`: requests a minute, base rate, ratio of the rates → by each way of judging, share rolled back and when.

    `promotions`: base rate and weight → share shown to be no worse, and canary requests until then.
    """
    rollouts = QUICK_ROLLOUTS if options.is_quick else ROLLOUTS
    cases = []
    for per_minute in PER_MINUTE:
        plan = Rollout(per_interval=per_minute)
        for base in BASE_RATES:
            for ratio in RATIOS:
                found = simulate(plan, base, ratio, rollouts)
                cases.append({"per_minute": per_minute, "base": base, "ratio": ratio, **found})
                report_progress(f"n: {per_minute} a minute, base rate {base:.1%}, {ratio:g} times the errors")
    promotions = []
    for weight in (10, 50):
        plan = Rollout(MOST_FOR_PROMOTION, weight, per_interval=250)
        for base in PROMOTED_RATES:
            found = simulate_promotions(plan, base, 1.0, rollouts // 10)
            promotions.append({"weight": weight, "base": base, **found})
    plan = Rollout()
    return {
        "rollouts": rollouts,
        "canary_requests": plan.canary_requests,
        "weight": plan.weight,
        "cases": cases,
        "promotions": promotions,
    }
