"""Verdicts: of the same counts the same one; what rolls back, what holds, what promotes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitor.domain.canaries.counts import ComparedInterval, VersionTraffic, threshold_at
from monitor.domain.canaries.e_values import EventCounts
from monitor.domain.canaries.guardrails import Quality
from monitor.domain.canaries.intervals import Pair, Sample
from monitor.domain.canaries.verdict import judge_canary
from monitor.domain.canaries.windows import compared_intervals, traffic_of, weight_at, window_of
from monitor.domain.metrics.entries import Series, entries_of
from monitor.domain.metrics.latency import slower_than
from shared.contracts.canaries import CanaryStage, CanaryVerdict, Guardrail, LatencyBaseline
from shared.contracts.metrics.latency_bins import bin_of
from shared.contracts.rpc.canaries import CanaryVerdictQuery

START = datetime(2026, 11, 27, 12, tzinfo=UTC)
NOON = int(START.timestamp())
ERRORS = Guardrail(kind="errors", margin=0.01)
P95 = Guardrail(kind="latency_p95")
BASELINE = LatencyBaseline(requests=1000, p95_s=0.05, p99_s=0.1, frozen_at=START)
FAST, SLOW = bin_of(0.01), bin_of(0.5)


def sums(requests: int, errors: int = 0, slow: int = 0, **status: int) -> VersionTraffic:
    codes = {code.removeprefix("s"): count for code, count in status.items()}
    return VersionTraffic(requests, {"500": errors, **codes}, {FAST: requests - slow, SLOW: slow})


def intervals(count: int, canary: VersionTraffic, stable: VersionTraffic, weight: int = 10) -> list[ComparedInterval]:
    return [ComparedInterval(NOON + 10 * place, weight, canary, stable) for place in range(count)]


def verdict(found: list[ComparedInterval], quality: Quality | None = None, **more: Any) -> CanaryVerdict:
    wanted: dict[str, Any] = {"guardrails": (ERRORS,), "min_requests": 1000, "baseline": BASELINE, **more}
    query = CanaryVerdictQuery(
        service="wine", stable="v1", canary="v2", stages=(CanaryStage(from_time=START, weight=10),), **wanted
    )
    return judge_canary(query, found, START + timedelta(hours=1), quality)


def test_nothing_measured_is_an_error() -> None:
    assert verdict([]).decision == "error"


def test_a_good_canary_waits_for_its_minimum_and_is_promoted() -> None:
    few = verdict(intervals(50, sums(10), sums(90)))
    assert (few.decision, few.canary_requests, few.stable_requests) == ("hold", 500, 4500)
    assert few.reason == "500 of 1000 canary requests so far"
    many = verdict(intervals(200, sums(10), sums(90)))
    assert many.decision == "promote"
    assert many.guardrails[0].state == "non_inferior"


def test_errors_roll_back_with_their_figures() -> None:
    found = verdict(intervals(40, sums(10, errors=1), sums(90, errors=1)))
    assert found.decision == "roll_back"
    (errors,) = found.guardrails
    assert (errors.state, errors.canary_events, errors.stable_events) == ("harm", 40, 40)
    assert errors.e_value is not None
    assert errors.rolls_back_at == pytest.approx(100)
    assert "40 of 400 requests against 40 of 3600" in found.reason


def test_alpha_is_split_over_the_guardrails() -> None:
    found = verdict(intervals(1, sums(10), sums(90)), guardrails=(ERRORS, P95))
    assert [each.rolls_back_at for each in found.guardrails] == [pytest.approx(200), pytest.approx(200)]


def test_one_in_five_failures_stop_at_once_but_not_where_both_fail() -> None:
    bad = verdict(intervals(6, sums(10, errors=3), sums(90)), alpha=1e-30)
    assert bad.decision == "roll_back"
    assert bad.reason == "15 of the last 50 requests failed"
    both = verdict(intervals(6, sums(10, errors=3), sums(90, errors=27)), alpha=1e-30)
    assert both.decision == "hold"


def test_clients_that_gave_up_and_rate_limits_are_not_counted() -> None:
    found = verdict(intervals(1, sums(10, s499=3, s429=2, s404=1), sums(90)), guardrails=(ERRORS,))
    assert found.canary_requests == 5


def test_slow_requests_roll_back_and_fast_ones_are_promoted() -> None:
    slow = verdict(intervals(100, sums(10, slow=2), sums(90, slow=5)), guardrails=(P95,))
    assert slow.decision == "roll_back"
    assert slow.guardrails[0].threshold_s == 0.05
    assert slow.guardrails[0].canary_quantile_s == pytest.approx(0.5, rel=0.03)
    fast = verdict(intervals(200, sums(10), sums(90, slow=5)), guardrails=(P95,))
    assert fast.decision == "promote"


def test_latency_without_a_baseline_holds() -> None:
    found = verdict(intervals(200, sums(10), sums(90)), guardrails=(P95,), baseline=None)
    assert (found.decision, found.reason) == ("hold", "not yet shown to be no worse: latency_p95")


def test_a_share_that_is_not_the_weights_holds() -> None:
    found = verdict(intervals(200, sums(10), sums(90), weight=25))
    assert found.decision == "hold"
    assert found.sample_ratio is not None
    assert found.sample_ratio.is_suspect
    assert found.reason == "the canary gets 10.0 % of the requests where 25.0 % are meant"


def test_wrong_predictions_roll_back_and_missing_labels_block_only_where_asked() -> None:
    rule = Guardrail(kind="quality", margin=0.01, is_required=False)
    good = intervals(200, sums(10), sums(90))
    assert verdict(good, guardrails=(ERRORS, rule)).decision == "promote"
    required = rule.model_copy(update={"is_required": True})
    assert verdict(good, guardrails=(ERRORS, required)).decision == "hold"
    wrong = Quality(wrong=[EventCounts(100, 40, 900, 90)])
    assert verdict(good, wrong, guardrails=(ERRORS, rule)).decision == "roll_back"


def test_losses_of_a_regression_are_compared_by_their_interval() -> None:
    rule = Guardrail(kind="quality", ratio=1.1)
    good = intervals(200, sums(10), sums(90))

    def judged(mean: float) -> str:
        losses = Pair(canary=Sample(20_000, mean, 2.0), stable=Sample(20_000, 1.0, 2.0))
        return verdict(good, Quality(losses=[losses]), guardrails=(rule,)).decision

    assert [judged(1.0), judged(1.08), judged(1.5)] == ["promote", "hold", "roll_back"]


@pytest.mark.parametrize(("early", "late"), [(1, 8), (8, 1)])
def test_what_both_versions_suffer_for_a_time_is_not_held_against_one(early: int, late: int) -> None:
    """The canary has most of its requests in the second step: all sums together would speak against it, or for it."""
    stages = (intervals(40, sums(5), sums(95), weight=5), intervals(60, sums(50), sums(50), weight=50))
    busy = [[sums(5 * 20, slow=early), sums(95 * 20, slow=19 * early)], [sums(1000, slow=10 * late)] * 2]
    found = [
        ComparedInterval(NOON + 10 * place, each.weight, *busy[stage])
        for stage, part in enumerate(stages)
        for place, each in enumerate(part, 1000 * stage)
    ]
    (latency,) = verdict(found, guardrails=(P95,), min_requests=100).guardrails
    assert latency.canary_value is not None
    assert latency.stable_value is not None
    assert abs(latency.canary_value - latency.stable_value) > 0.003
    assert latency.difference == pytest.approx(0.0, abs=1e-9)
    losses = [
        Pair(Sample(400, early, 1.0), Sample(7600, early, 1.0)),
        Pair(Sample(4000, late, 1.0), Sample(4000, late, 1.0)),
    ]
    rule = Guardrail(kind="quality", ratio=1.1)
    (quality,) = verdict(found, Quality(losses=losses), guardrails=(rule,), min_requests=100).guardrails
    assert quality.state == "non_inferior"
    assert quality.difference == pytest.approx(0.0, abs=1e-9)


def test_thresholds_count_exactly() -> None:
    latency = sums(100, slow=6).latency
    assert threshold_at(latency, 0.95) == pytest.approx(0.5)
    assert threshold_at(latency, 0.90) == pytest.approx(0.01)
    assert [slower_than(latency, threshold_at(latency, share) or 0) for share in (0.90, 0.95)] == [6, 0]
    assert threshold_at({}, 0.95) is None


def test_steps_belong_to_the_stage_in_which_they_begin() -> None:
    stages = [CanaryStage(from_time=START, weight=5), CanaryStage(from_time=START + timedelta(seconds=15), weight=25)]
    assert [weight_at(stages, NOON + at) for at in (-1, 0, 10, 15, 20)] == [0, 5, 5, 25, 25]
    window = window_of(NOON + 3.0, NOON + 55.0)
    assert (window.since, window.until, window.step_s) == (NOON + 10, NOON + 40, 10)
    seen = [(NOON + at, version) for at in (0, 10, 20) for version in ("v1", "v2", "")]
    traffic = entries_of((at, Series("wine", version, "p"), {"requests": 2, "status:500": 1}) for at, version in seen)
    latency = entries_of((at, Series("wine", version, "p"), {"b7": 2}) for at, version in seen)
    found = compared_intervals(traffic, latency, window, stages, ("v2", "v1"))
    assert [(each.start - NOON, each.weight) for each in found] == [(10, 5), (20, 25)]
    assert found[0].canary == found[0].stable == VersionTraffic(2, {"500": 1}, {7: 2})
    assert traffic_of((traffic, latency), "v1", window) == VersionTraffic(4, {"500": 2}, {7: 4})


def test_long_canaries_are_read_by_minutes_and_never_in_too_many_steps() -> None:
    assert window_of(NOON - 7200, NOON).step_s == 60
    long = window_of(NOON - 30 * 86_400, NOON)
    assert long.step_s % 60 == 0
    assert (long.until - long.since) / long.step_s <= 2000
