"""What is counted of both versions, interval by interval.

Left out: what the client gave up (499) and what a rate limit refused (429), since neither is the version's doing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from monitor.domain.canaries.e_values import EventCounts
from monitor.domain.metrics.latency import slower_than
from shared.contracts.canaries import GuardrailKind
from shared.contracts.metrics.latency_bins import LATENCY_EDGES_S

NOT_THE_VERSION = frozenset({"429", "499"})
NOT_THE_REQUEST = frozenset({"401", "403", "404"})


@dataclass
class VersionTraffic:
    """What was counted of one version: requests, status code → answers, bin of the latency sketch → requests."""

    requests: int = 0
    status: dict[str, int] = field(default_factory=dict)
    latency: dict[int, int] = field(default_factory=dict)


@dataclass
class ComparedInterval:
    """The traffic of both versions in one interval; `weight` is the canary's share of 100, by its stage."""

    start: int
    weight: int
    canary: VersionTraffic = field(default_factory=VersionTraffic)
    stable: VersionTraffic = field(default_factory=VersionTraffic)


def requests_of(traffic: VersionTraffic) -> int:
    """Requests that count."""
    return traffic.requests - sum(traffic.status.get(code, 0) for code in NOT_THE_VERSION)


def errors_of(traffic: VersionTraffic) -> int:
    """Answers 5xx."""
    return sum(count for code, count in traffic.status.items() if code.startswith("5"))


def client_errors_of(traffic: VersionTraffic) -> int:
    """Answers 4xx that the version gave by what was in the request."""
    left_out = NOT_THE_VERSION | NOT_THE_REQUEST
    return sum(count for code, count in traffic.status.items() if code.startswith("4") and code not in left_out)


def threshold_at(latency: Mapping[int, int], share: float) -> float | None:
    """A latency, seconds, that `share` of the requests did not exceed: an edge of a bin, so that those above it are
    counted exactly. None without requests.
    """
    total, below = sum(latency.values()), 0
    for place in sorted(latency):
        below += latency[place]
        if below >= share * total:
            return LATENCY_EDGES_S[min(place, len(LATENCY_EDGES_S) - 1)]
    return None


def events_of(traffic: VersionTraffic, kind: GuardrailKind, threshold_s: float) -> int:
    """What the guardrail counts."""
    match kind:
        case "errors":
            return errors_of(traffic)
        case "client_errors":
            return client_errors_of(traffic)
        case _:
            return min(slower_than(traffic.latency, threshold_s), requests_of(traffic))


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
            each.weight,
        )
        for each in intervals
    ]


def by_weight(counts: Iterable[EventCounts]) -> list[EventCounts]:
    """The sums of all intervals in which the canary had the same weight."""
    groups: dict[int, list[EventCounts]] = {}
    for each in counts:
        groups.setdefault(each.weight, []).append(each)
    return [replace(total_of(group), weight=weight) for weight, group in groups.items()]


def total_of(counts: Sequence[EventCounts]) -> EventCounts:
    """All intervals together."""
    return EventCounts(
        sum(each.canary_requests for each in counts),
        sum(each.canary_events for each in counts),
        sum(each.stable_requests for each in counts),
        sum(each.stable_events for each in counts),
    )
