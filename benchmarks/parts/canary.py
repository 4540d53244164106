"""(n) Canaries: simulated roll-outs judged by sequential tests, beside threshold checks. No platform is started."""

from __future__ import annotations

from typing import Any

from benchmarks.canary_rollouts import Rollout, simulate
from benchmarks.options import Options
from benchmarks.progress import report_progress

BASE_RATES = (0.005, 0.01, 0.05)
RATIOS = (1.0, 2.0)
ROLLOUTS, QUICK_ROLLOUTS = 1000, 50


def run(options: Options) -> dict[str, Any]:
    """`cases`: base rate, ratio of the rates → by each way of judging, share rolled back and requests until then."""
    plan = Rollout()
    rollouts = QUICK_ROLLOUTS if options.is_quick else ROLLOUTS
    cases = []
    for base in BASE_RATES:
        for ratio in RATIOS:
            cases.append({"base": base, "ratio": ratio, **simulate(plan, base, ratio, rollouts)})
            report_progress(f"n: base rate {base:.1%}, {ratio:g} times the errors")
    return {"rollouts": rollouts, "canary_requests": plan.canary_requests, "weight": plan.weight, "cases": cases}
