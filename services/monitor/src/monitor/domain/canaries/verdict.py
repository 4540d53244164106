"""The verdict on a canary: promote, roll back, hold or error. Pure: the same counts have the same verdict.

Alpha is split evenly over the guardrails (Bonferroni), labelled rows or not: what is looked at is fixed before.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from monitor.domain.canaries.counts import ComparedInterval, errors_of, requests_of
from monitor.domain.canaries.e_values import binomial_tail, share_e_value
from monitor.domain.canaries.guardrails import Quality, judge_guardrail
from shared.contracts.canaries import CanaryVerdict, Decision, GuardrailFigures, GuardrailKind, HardStop, SampleRatio
from shared.contracts.rpc.canaries import CanaryVerdictQuery
from shared.counted import counted

SAMPLE_RATIO_ALPHA = 0.001
SAMPLE_RATIO_TOLERANCE = 0.2
"""Part of the expected share by which the observed one may differ: pods that restart, sticky callers that ask much."""
HARD_STOP_CHANCE = 1e-6
"""A hard stop is no noise: with the stable version's own rate so many errors have a smaller chance."""


def judge_canary(
    query: CanaryVerdictQuery, intervals: Sequence[ComparedInterval], now: datetime, quality: Quality | None = None
) -> CanaryVerdict:
    """The verdict on what was counted since the first stage; `intervals` in order, each within one stage."""
    alpha = query.alpha / max(len(query.guardrails), 1)
    figures = tuple(judge_guardrail(rule, intervals, alpha, query.baseline, quality) for rule in query.guardrails)
    ratio = sample_ratio(intervals)
    canary = sum(requests_of(each.canary) for each in intervals)
    stable = sum(requests_of(each.stable) for each in intervals)
    decision, reason = _decide(query, intervals, figures, ratio, canary)
    last = int(query.stages[-1].from_time.timestamp())
    return CanaryVerdict(
        decision=decision,
        reason=reason,
        at=now,
        canary_requests=canary,
        stable_requests=stable,
        requests_of_stage=sum(requests_of(each.canary) for each in intervals if each.start >= last),
        sample_ratio=ratio,
        guardrails=figures,
        counted_until=datetime.fromtimestamp(intervals[-1].start, UTC) if intervals else None,
    )


def _decide(
    query: CanaryVerdictQuery,
    intervals: Sequence[ComparedInterval],
    figures: Sequence[GuardrailFigures],
    ratio: SampleRatio,
    canary: int,
) -> tuple[Decision, str]:
    if (harm := _harm_reason(query, intervals, figures)) is not None:
        return "roll_back", harm
    if not intervals:
        return "error", "nothing was measured of either version yet"
    if (open_question := _hold_reason(query, figures, ratio, canary)) is not None:
        return "hold", open_question
    return "promote", "no guardrail is worse than it may be"


def _harm_reason(
    query: CanaryVerdictQuery, intervals: Sequence[ComparedInterval], figures: Sequence[GuardrailFigures]
) -> str | None:
    if query.hard_stop is not None and (found := hard_stop_reason(query.hard_stop, intervals)):
        return found
    return "; ".join(_harm(each) for each in figures if each.state == "harm") or None


def _hold_reason(
    query: CanaryVerdictQuery, figures: Sequence[GuardrailFigures], ratio: SampleRatio, canary: int
) -> str | None:
    if ratio.is_suspect:
        observed = 100 * (ratio.observed or 0.0)
        return f"the canary gets {observed:.1f} % of the requests where {100 * ratio.expected:.1f} % are meant"
    if canary < query.min_requests:
        return f"{canary} of {query.min_requests} canary requests so far"
    required = {rule.kind for rule in query.guardrails if rule.is_required}
    waiting = [each.kind for each in figures if each.state != "non_inferior" and _blocks(each, required)]
    return "not yet shown to be no worse: " + ", ".join(waiting) if waiting else None


def _blocks(figures: GuardrailFigures, required: set[GuardrailKind]) -> bool:
    return figures.kind in required or figures.state != "insufficient_data"


def _harm(figures: GuardrailFigures) -> str:
    if figures.e_value is None:
        return f"{figures.kind}: mean loss {figures.canary_value:.4g} against {figures.stable_value:.4g}"
    return (
        f"{figures.kind}: {figures.canary_events} of {counted(figures.canary_requests, 'request')} against "
        f"{figures.stable_events} of {figures.stable_requests} (e-value {figures.e_value:.3g})"
    )


def hard_stop_reason(rule: HardStop, intervals: Sequence[ComparedInterval]) -> str | None:
    """Why it is rolled back at once: the share of 5xx among the latest requests, beyond the stable version's own."""
    requests = errors = others = their_errors = 0
    for each in reversed(intervals):
        requests += requests_of(each.canary)
        errors += errors_of(each.canary)
        others += requests_of(each.stable)
        their_errors += errors_of(each.stable)
        if requests >= rule.requests:
            break
    if requests < rule.requests or errors <= rule.share * requests:
        return None
    rate = (their_errors + 1) / (others + 2)
    if binomial_tail(errors, requests, rate) >= HARD_STOP_CHANCE:
        return None
    return f"{errors} of the last {requests} requests failed"


def sample_ratio(intervals: Sequence[ComparedInterval]) -> SampleRatio:
    """Whether the canary gets its share."""
    counts = [
        (requests_of(each.canary), requests_of(each.canary) + requests_of(each.stable), each.weight / 100)
        for each in intervals
    ]
    requests = sum(all_ for _, all_, _ in counts)
    expected = sum(all_ * share for _, all_, share in counts) / requests if requests else 0.0
    observed = sum(canary for canary, _, _ in counts) / requests if requests else None
    e_value = share_e_value(counts)
    is_off = observed is not None and abs(observed - expected) > SAMPLE_RATIO_TOLERANCE * expected
    return SampleRatio(
        expected=expected,
        observed=observed,
        e_value=e_value,
        is_suspect=is_off and e_value >= 1 / SAMPLE_RATIO_ALPHA,
    )
