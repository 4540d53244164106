"""What is counted of both versions, interval by interval, out of the sums of traffic.

Left out: what the client gave up (499) and what a rate limit refused (429), since neither is the version's doing.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from monitor.domain.canaries.e_values import EventCounts
from monitor.domain.metrics.rollup import TrafficSums
from shared.contracts.canaries import GuardrailKind
from shared.contracts.samples import LATENCY_BOUNDS_S

NOT_THE_VERSION = frozenset({"429", "499"})
NOT_THE_REQUEST = frozenset({"401", "403", "404"})


@dataclass
class ComparedInterval:
    """The traffic of both versions in one interval; `weight` is the canary's share of 100, by its stage."""

    start: int
    weight: int
    canary: TrafficSums = field(default_factory=TrafficSums)
    stable: TrafficSums = field(default_factory=TrafficSums)


def requests_of(sums: TrafficSums) -> int:
    """Requests that count."""
    return sums.requests - sum(sums.status.get(code, 0) for code in NOT_THE_VERSION)


def errors_of(sums: TrafficSums) -> int:
    """Answers 5xx."""
    return sum(count for code, count in sums.status.items() if code.startswith("5"))


def client_errors_of(sums: TrafficSums) -> int:
    """Answers 4xx that the version gave by what was in the request."""
    left_out = NOT_THE_VERSION | NOT_THE_REQUEST
    return sum(count for code, count in sums.status.items() if code.startswith("4") and code not in left_out)


def threshold_at(sums: TrafficSums, share: float) -> float | None:
    """A latency, seconds, that `share` of the requests did not exceed, such that those above it are counted exactly.

    None without requests.
    """
    total, below = sum(sums.latency_counts), 0
    if not total:
        return None
    for place, bound in enumerate(LATENCY_BOUNDS_S):
        below += sums.latency_counts[place]
        if below >= share * total:
            return bound
    return LATENCY_BOUNDS_S[-1]


def slower_than(sums: TrafficSums, seconds: float) -> int:
    """Requests that took longer; exact for a value that `threshold_at` gave, else up to a bucket less."""
    return sum(sums.latency_counts[bisect_left(LATENCY_BOUNDS_S, seconds) + 1 :])


def events_of(sums: TrafficSums, kind: GuardrailKind, threshold_s: float) -> int:
    """What the guardrail counts."""
    match kind:
        case "errors":
            return errors_of(sums)
        case "client_errors":
            return client_errors_of(sums)
        case _:
            return min(slower_than(sums, threshold_s), requests_of(sums))


def event_counts(
    intervals: Iterable[ComparedInterval], kind: GuardrailKind, threshold_s: float = 0.0
) -> list[EventCounts]:
    """The events of one guardrail."""
    return [
        EventCounts(
            requests_of(each.canary),
            events_of(each.canary, kind, threshold_s),
            requests_of(each.stable),
            events_of(each.stable, kind, threshold_s),
        )
        for each in intervals
    ]


def total_of(counts: Sequence[EventCounts]) -> EventCounts:
    """All intervals together."""
    return EventCounts(
        sum(each.canary_requests for each in counts),
        sum(each.canary_events for each in counts),
        sum(each.stable_requests for each in counts),
        sum(each.stable_events for each in counts),
    )
