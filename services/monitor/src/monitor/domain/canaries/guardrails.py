"""One guardrail: harm by an e-value, non-inferiority by the upper end of an always-valid interval."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from monitor.domain.canaries.counts import ComparedInterval, VersionTraffic, by_weight, event_counts, total_of
from monitor.domain.canaries.e_values import EventCounts, rare_event_e_value
from monitor.domain.canaries.intervals import Difference, Pair, Sample, difference_of, stable_mean
from monitor.domain.metrics.latency import quantile
from shared.contracts.canaries import Guardrail, GuardrailFigures, LatencyBaseline

CONFIDENCE_ALPHA = 0.05
"""Level of the intervals that a promotion rests on."""
SMALLEST_TAU = 1e-3
"""Where a guardrail allows nothing: a tenth of a point."""
FEWEST_REQUESTS = 50
"""Of each version, below which a guardrail says nothing of non-inferiority."""

State = Literal["harm", "non_inferior", "undecided", "insufficient_data"]


@dataclass(frozen=True)
class Quality:
    """Labelled rows of both versions: wrong predictions by interval of a classification, or squared errors of a
    regression by the canary's weight.
    """

    wrong: Sequence[EventCounts] = ()
    losses: Sequence[Pair] = ()


def judge_guardrail(
    rule: Guardrail,
    intervals: Sequence[ComparedInterval],
    alpha: float,
    baseline: LatencyBaseline | None,
    quality: Quality | None,
) -> GuardrailFigures:
    """What `rule` found; `alpha` is its own part."""
    if rule.kind == "quality":
        return _quality(rule, alpha, quality)
    if rule.kind in ("errors", "client_errors"):
        counts = event_counts(intervals, rule.kind)
        return _events(rule, counts, counts, alpha)
    if baseline is None:
        return GuardrailFigures(kind=rule.kind, state="insufficient_data", rolls_back_at=1 / alpha)
    threshold = baseline.p95_s if rule.kind == "latency_p95" else baseline.p99_s
    since = [each for each in intervals if each.start >= baseline.frozen_at.timestamp()]
    counts = event_counts(since, rule.kind, threshold)
    allowed = event_counts(since, rule.kind, threshold * rule.ratio)
    share = 0.95 if rule.kind == "latency_p95" else 0.99
    quantiles = {
        "canary_quantile_s": quantile(_bins(each.canary for each in since), share),
        "stable_quantile_s": quantile(_bins(each.stable for each in since), share),
    }
    figures = _events(rule, counts, _slower(allowed, counts), alpha)
    return figures.model_copy(update={"threshold_s": threshold, **quantiles})


def _bins(traffic: Iterable[VersionTraffic]) -> Counter[int]:
    total: Counter[int] = Counter()
    for each in traffic:
        total.update(each.latency)
    return total


def _slower(at_ratio: Sequence[EventCounts], at_threshold: Sequence[EventCounts]) -> list[EventCounts]:
    """The canary's percentile is below `ratio` times the stable one's where its share above `ratio` times the threshold
    is below the stable version's share above the threshold itself.
    """
    return [
        EventCounts(a.canary_requests, a.canary_events, b.stable_requests, b.stable_events, a.weight)
        for a, b in zip(at_ratio, at_threshold, strict=True)
    ]


def _events(
    rule: Guardrail, harm: Sequence[EventCounts], compared: Sequence[EventCounts], alpha: float
) -> GuardrailFigures:
    e_value = rare_event_e_value(harm)
    total, sides = total_of(harm), total_of(compared)
    figures = GuardrailFigures(
        kind=rule.kind,
        state="insufficient_data",
        canary_requests=total.canary_requests,
        canary_events=total.canary_events,
        stable_requests=total.stable_requests,
        stable_events=total.stable_events,
        canary_value=_share(total.canary_events, total.canary_requests),
        stable_value=_share(total.stable_events, total.stable_requests),
        e_value=e_value,
        rolls_back_at=1 / alpha,
    )
    pairs = _pairs(compared)
    if not pairs:
        return figures
    stable = stable_mean(pairs)
    is_latency = rule.kind.startswith("latency")
    allowed = 0.0 if is_latency else _allowed(rule, stable)
    tau = max(stable / 2, SMALLEST_TAU) if is_latency else max(allowed, SMALLEST_TAU)
    is_enough = min(sides.canary_requests, sides.stable_requests) >= FEWEST_REQUESTS
    interval = difference_of(pairs, tau, CONFIDENCE_ALPHA)
    return _judged(figures, interval, allowed, is_worse=e_value >= 1 / alpha, is_enough=is_enough)


def _pairs(counts: Sequence[EventCounts]) -> list[Pair]:
    """Shares by the canary's weight. The variance is that of all together: what is rare is in no part often enough."""
    total = total_of(counts)
    canary = Sample.of_share(total.canary_events, total.canary_requests)
    stable = Sample.of_share(total.stable_events, total.stable_requests)
    return [
        Pair(
            Sample(each.canary_requests, each.canary_events / each.canary_requests, canary.variance),
            Sample(each.stable_requests, each.stable_events / each.stable_requests, stable.variance),
        )
        for each in by_weight(counts)
        if each.canary_requests and each.stable_requests
    ]


def _quality(rule: Guardrail, alpha: float, quality: Quality | None) -> GuardrailFigures:
    if quality is None:
        return GuardrailFigures(kind="quality", state="insufficient_data", rolls_back_at=1 / alpha)
    if not quality.losses:
        return _events(rule, quality.wrong, quality.wrong, alpha)
    canary, stable = [pair.canary for pair in quality.losses], [pair.stable for pair in quality.losses]
    counts = [sum(sample.count for sample in samples) for samples in (canary, stable)]
    figures = GuardrailFigures(
        kind="quality",
        state="insufficient_data",
        canary_requests=counts[0],
        stable_requests=counts[1],
        canary_value=_mean(canary),
        stable_value=_mean(stable),
    )
    pairs = [pair for pair in quality.losses if pair.weight]
    if not pairs:
        return figures
    mean = stable_mean(pairs)
    allowed = mean * (rule.ratio - 1.0)
    tau = max(allowed, mean * SMALLEST_TAU, 1e-12)
    is_worse = difference_of(pairs, tau, 2 * alpha).lower > 0  # one-sided: harm alone
    interval = difference_of(pairs, tau, CONFIDENCE_ALPHA)
    return _judged(figures, interval, allowed, is_worse=is_worse, is_enough=min(counts) >= FEWEST_REQUESTS)


def _judged(
    figures: GuardrailFigures, interval: Difference, allowed: float, *, is_worse: bool, is_enough: bool
) -> GuardrailFigures:
    """Harm where it is certain that the canary `is_worse`, and by more than is allowed: a small difference that is only
    certain because so much was counted is none.
    """
    if is_worse and interval.value > allowed:
        figures = figures.model_copy(update={"state": "harm"})
    elif not is_enough:
        return figures
    state: State = "non_inferior" if interval.upper <= allowed else "undecided"
    return figures.model_copy(
        update={
            "state": "harm" if figures.state == "harm" else state,
            "difference": interval.value,
            "lower": interval.lower,
            "upper": interval.upper,
            "allowed": allowed,
        }
    )


def _allowed(rule: Guardrail, stable: float) -> float:
    return max(rule.margin, stable * (rule.ratio - 1.0))


def _mean(samples: Sequence[Sample]) -> float | None:
    count = sum(sample.count for sample in samples)
    return sum(sample.count * sample.mean for sample in samples) / count if count else None


def _share(events: int, requests: int) -> float | None:
    return events / requests if requests else None
