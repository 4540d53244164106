"""Simulated roll-outs of a canary, judged by the monitor's own tests and, beside them, by threshold checks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np

from monitor.domain.canaries.counts import ComparedInterval, VersionTraffic, total_of
from monitor.domain.canaries.e_values import EventCounts, rare_event_path
from monitor.domain.canaries.guardrails import judge_guardrail
from monitor.domain.canaries.verdict import hard_stop_reason
from shared.contracts.canaries import ALPHA, Guardrail, HardStop

GUARDRAILS = 4
"""errors, client_errors, latency_p95, latency_p99: the default plan's."""
OTHER_RATES = (0.01, 0.05, 0.01)
"""Of the other three guardrails' events; always without a difference."""
MARGIN = 0.002
"""The default plan's, of errors."""
FLAGGER_SHARE, FLAGGER_FAILURES = 0.01, 5
"""A success rate of 99 % asked for, as in Flagger's documentation, and its `threshold` of failed checks."""


@dataclass(frozen=True)
class Rollout:
    """Canary requests at `weight` per cent, an interval (a minute) holding `per_interval` of them."""

    canary_requests: int = 20_000
    weight: int = 10
    per_interval: int = 50

    @property
    def stable_per_interval(self) -> int:
        """Requests of the stable version in an interval."""
        return self.per_interval * (100 - self.weight) // self.weight


@dataclass(frozen=True)
class Outcome:
    """After how many canary requests each way of judging rolled back; None: never."""

    tests: int | None
    thresholds: int | None
    tuned_thresholds: int | None


def roll_out(plan: Rollout, base: float, ratio: float, seed: int) -> Outcome:
    """One roll-out whose canary has `ratio` times the errors of the stable version, whose rate is `base`."""
    random = np.random.default_rng(seed)
    count = plan.canary_requests // plan.per_interval
    errors = _events(random, plan, count, base, ratio)
    paths = [rare_event_path(errors)]
    paths += [rare_event_path(_events(random, plan, count, rate, 1.0)) for rate in OTHER_RATES]
    return Outcome(
        _first(_tested(errors, paths), plan),
        _first(_threshold_checks(errors, FLAGGER_SHARE), plan),
        _first(_threshold_checks(errors, 1.5 * base), plan),
    )


def _events(random: np.random.Generator, plan: Rollout, count: int, base: float, ratio: float) -> list[EventCounts]:
    canary = random.binomial(plan.per_interval, base * ratio, count)
    stable = random.binomial(plan.stable_per_interval, base, count)
    return [
        EventCounts(plan.per_interval, int(bad), plan.stable_per_interval, int(worse))
        for bad, worse in zip(canary, stable, strict=True)
    ]


def _tested(errors: Sequence[EventCounts], paths: Sequence[Iterator[float]]) -> Iterator[bool]:
    """After each interval: is it rolled back? Alpha is split over the guardrails."""
    limit, stop = GUARDRAILS / ALPHA, HardStop()
    for counts, values in zip(errors, zip(*paths, strict=True), strict=True):
        yield max(values) >= limit or hard_stop_reason(stop, [_interval(counts)]) is not None


def _interval(counts: EventCounts) -> ComparedInterval:
    return ComparedInterval(
        0,
        0,
        VersionTraffic(requests=counts.canary_requests, status={"500": counts.canary_events}),
        VersionTraffic(requests=counts.stable_requests, status={"500": counts.stable_events}),
    )


def _threshold_checks(errors: Sequence[EventCounts], share: float) -> Iterator[bool]:
    failures = 0
    for counts in errors:
        failures += counts.canary_events > share * counts.canary_requests
        yield failures >= FLAGGER_FAILURES


def _first(rolled_back: Iterator[bool], plan: Rollout) -> int | None:
    return next((plan.per_interval * (place + 1) for place, is_back in enumerate(rolled_back) if is_back), None)


def shown_no_worse(plan: Rollout, base: float, ratio: float, seed: int) -> int | None:
    """After how many canary requests errors are shown to be no worse, by the default margin; None: never."""
    random = np.random.default_rng(seed)
    rule, total = Guardrail(kind="errors", margin=MARGIN), EventCounts(0, 0, 0, 0)
    for counts in _events(random, plan, plan.canary_requests // plan.per_interval, base, ratio):
        total = total_of((total, counts))
        found = judge_guardrail(rule, [_interval(total)], ALPHA / GUARDRAILS, None, None)
        if found.state == "non_inferior":
            return total.canary_requests
    return None


def summary(outcomes: Sequence[int | None]) -> dict[str, Any]:
    """Share rolled back, and the median of canary requests until then."""
    found = [after for after in outcomes if after is not None]
    return {"rolled_back": len(found) / len(outcomes), "median_requests": median(found) if found else None}


def simulate_promotions(plan: Rollout, base: float, ratio: float, rollouts: int) -> dict[str, Any]:
    """Share shown to be no worse, and the median of canary requests until then."""
    found = summary([shown_no_worse(plan, base, ratio, seed) for seed in range(rollouts)])
    return {"shown": found["rolled_back"], "median_requests": found["median_requests"]}


def simulate(plan: Rollout, base: float, ratio: float, rollouts: int) -> dict[str, Any]:
    """`rollouts` of them with seeds 0, 1, 2, …"""
    outcomes = [roll_out(plan, base, ratio, seed) for seed in range(rollouts)]
    return {
        name: summary([getattr(outcome, name) for outcome in outcomes])
        for name in ("tests", "thresholds", "tuned_thresholds")
    }
