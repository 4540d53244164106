"""One guardrail: harm by an e-value, non-inferiority by the upper end of an always-valid interval."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from monitor.domain.canaries.counts import ComparedInterval, VersionTraffic, event_counts, total_of
from monitor.domain.canaries.e_values import EventCounts, rare_event_e_value
from monitor.domain.canaries.intervals import Sample, difference_of
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
class Losses:
    """Squared errors of labelled rows of a regression: number, sum, sum of squares, by version."""

    canary: Sample
    stable: Sample


@dataclass(frozen=True)
class Quality:
    """Labelled rows of both versions: wrong predictions by interval of a classification, or losses of a regression."""

    wrong: Sequence[EventCounts] = ()
    losses: Losses | None = None


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
        EventCounts(a.canary_requests, a.canary_events, b.stable_requests, b.stable_events)
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
    canary = Sample.of_share(sides.canary_events, sides.canary_requests)
    stable = Sample.of_share(sides.stable_events, sides.stable_requests)
    is_latency = rule.kind.startswith("latency")
    allowed = 0.0 if is_latency else _allowed(rule, stable.mean)
    tau = max(stable.mean / 2, SMALLEST_TAU) if is_latency else max(allowed, SMALLEST_TAU)
    return _judged(figures, canary, stable, tau, allowed, is_worse=e_value >= 1 / alpha)


def _quality(rule: Guardrail, alpha: float, quality: Quality | None) -> GuardrailFigures:
    if quality is None:
        return GuardrailFigures(kind="quality", state="insufficient_data", rolls_back_at=1 / alpha)
    if quality.losses is None:
        return _events(rule, quality.wrong, quality.wrong, alpha)
    canary, stable = quality.losses.canary, quality.losses.stable
    figures = GuardrailFigures(
        kind="quality",
        state="insufficient_data",
        canary_requests=canary.count,
        stable_requests=stable.count,
        canary_value=canary.mean,
        stable_value=stable.mean,
    )
    if not canary.count or not stable.count:
        return figures
    allowed = stable.mean * (rule.ratio - 1.0)
    tau = max(allowed, stable.mean * SMALLEST_TAU, 1e-12)
    is_worse = difference_of(canary, stable, tau, 2 * alpha).lower > 0  # one-sided: harm alone
    return _judged(figures, canary, stable, tau, allowed, is_worse=is_worse)


def _judged(
    figures: GuardrailFigures, canary: Sample, stable: Sample, tau: float, allowed: float, *, is_worse: bool
) -> GuardrailFigures:
    """Harm where it is certain that the canary `is_worse`, and by more than is allowed: a small difference that is only
    certain because so much was counted is none.
    """
    is_enough = min(canary.count, stable.count) >= FEWEST_REQUESTS
    if is_worse and canary.mean - stable.mean > allowed:
        figures = figures.model_copy(update={"state": "harm"})
    elif not is_enough:
        return figures
    interval = difference_of(canary, stable, tau, CONFIDENCE_ALPHA)
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


def _share(events: int, requests: int) -> float | None:
    return events / requests if requests else None
