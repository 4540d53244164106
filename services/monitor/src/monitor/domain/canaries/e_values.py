"""Sequential tests by e-values: whether a canary has more rare events than the stable version beside it.

An e-value is at most 1 on average while there is no difference, however often it is looked at; it exceeds 1/alpha at
any time with a chance of at most alpha (Ville's inequality). So a roll-back at 1/alpha needs no correction for peeking.

Rare events (after Lindon and Malek, "Anytime-valid inference for multinomial count data", NeurIPS 2022): of the
events of an interval in which the canary had the share w of the requests, each is the canary's with chance w when the
rates are equal, and with theta*w / (theta*w + 1 - w) when the canary's is theta times the other. The likelihood ratio
is multiplied over the events; over several thetas the mean is taken. w may change from interval to interval. Where
events are not rare, the canary's number of them varies less than a binomial does, and the test is conservative.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import exp, fsum, lgamma, log, log1p

RATE_RATIOS = (1.25, 1.5, 2.0, 3.0, 5.0, 10.0)
"""Ratios of the rates that the test looks for."""
LARGEST = 1e12
"""E-values are told up to here."""


@dataclass(frozen=True)
class EventCounts:
    """Requests and events of both versions in one interval; `weight` is the canary's share of 100 meanwhile."""

    canary_requests: int
    canary_events: int
    stable_requests: int
    stable_events: int
    weight: int = 0


def rare_event_path(intervals: Iterable[EventCounts]) -> Iterator[float]:
    """After each interval, the largest e-value so far against equal rates, for a higher one of the canary."""
    logs = [0.0] * len(RATE_RATIOS)
    best = 0.0
    for counts in intervals:
        requests = counts.canary_requests + counts.stable_requests
        events = counts.canary_events + counts.stable_events
        if events and counts.canary_requests and counts.stable_requests:  # one version alone cannot be compared
            share = counts.canary_requests / requests
            for place, ratio in enumerate(RATE_RATIOS):
                logs[place] += counts.canary_events * log(ratio) - events * log1p(share * (ratio - 1.0))
            best = max(best, _log_mean_exp(logs))
        yield _told(best)


def rare_event_e_value(intervals: Iterable[EventCounts]) -> float:
    """The largest e-value so far: what was found once does not go away. 1 without intervals."""
    last = deque(rare_event_path(intervals), maxlen=1)
    return last[0] if last else 1.0


def share_e_value(intervals: Iterable[tuple[int, int, float]]) -> float:
    """The largest e-value against the expected share, of (requests of the canary, all requests, expected share).

    Two-sided: a mixture of odds ratios from 1/3 to 3, tested as above.
    """
    ratios = (1 / 3, 1 / 2, 2 / 3, 3 / 2, 2.0, 3.0)
    logs = [0.0] * len(ratios)
    best = 0.0
    for canary, requests, expected in intervals:
        if not requests or not 0 < expected < 1:
            continue
        for place, ratio in enumerate(ratios):
            logs[place] += canary * log(ratio) - requests * log1p(expected * (ratio - 1.0))
        best = max(best, _log_mean_exp(logs))
    return _told(best)


def _log_mean_exp(logs: Sequence[float]) -> float:
    """log of the mean of exp, without overflow."""
    top = max(logs)
    return top + log(fsum(exp(value - top) for value in logs) / len(logs))


def _told(log_e: float) -> float:
    return LARGEST if log_e >= log(LARGEST) else exp(log_e)


def binomial_tail(events: int, requests: int, rate: float) -> float:
    """The chance of at least `events` among `requests` where each is one with chance `rate`."""
    if events <= 0:
        return 1.0
    if rate <= 0.0:
        return 0.0
    if rate >= 1.0:
        return 1.0
    whole = lgamma(requests + 1)
    return min(
        fsum(
            exp(whole - lgamma(k + 1) - lgamma(requests - k + 1) + k * log(rate) + (requests - k) * log1p(-rate))
            for k in range(events, requests + 1)
        ),
        1.0,
    )
