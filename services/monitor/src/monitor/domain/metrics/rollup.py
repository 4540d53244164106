"""Minutes: what samples are rolled up into, and how minutes are merged again for a chart.

Latency is kept as a sketch (`shared.contracts.latency_bins`), because sketches add up and percentiles do not.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, TypeVar

from monitor.domain.metrics.latency import bins_of_histogram
from shared.contracts.samples import PodTraffic, PodUsage, TrafficSample, UsageSample

Group = TypeVar("Group", bound=Hashable)
Key = TypeVar("Key", str, int)

MINUTE_S = 60
Kind = Literal["traffic", "usage", "replicas"]
NOT_ROUTED = ""
"""Stands for the version or pod of requests that were turned away before one was chosen."""


@dataclass(frozen=True, order=True)
class PodMinute:
    """Key of a minute's row: unix seconds of the minute's start, and whose it is."""

    minute: int
    service: str
    version: str
    pod: str


@dataclass
class TrafficSums:
    """What happened in a minute; every field adds up but those in flight, see `most_in_flight`."""

    requests: int = 0
    throttled: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    in_flight: int = 0
    latency_sum_s: float = 0.0
    logged: int = 0
    status: dict[str, int] = field(default_factory=dict)
    dropped: dict[str, int] = field(default_factory=dict)
    latency_bins: dict[int, int] = field(default_factory=dict)
    in_flight_by: dict[str, int] = field(default_factory=dict)
    """Router → the most that it had; minutes of before say `in_flight` alone, that of the router with the most."""

    @classmethod
    def stored(cls, sums: Mapping[str, Any]) -> TrafficSums:
        """Read back what was stored; minutes of before say a histogram, `latency_counts`."""
        fields = dict(sums)
        counts = fields.pop("latency_counts", ())
        bins = {int(place): count for place, count in fields.pop("latency_bins", {}).items()}
        return cls(**fields, latency_bins=bins or bins_of_histogram(counts))

    def add(self, other: TrafficSums | PodTraffic) -> None:
        """Add another share of the same minute, or another minute of the same chart step."""
        for name in ("requests", "throttled", "bytes_in", "bytes_out", "latency_sum_s", "logged"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.in_flight = max(self.in_flight, other.in_flight)
        if isinstance(other, TrafficSums):
            for router, count in other.in_flight_by.items():
                self.note_in_flight(router, count)
        _add_counts(self.status, other.status)
        _add_counts(self.dropped, other.dropped)
        bins = other.latency_bins
        if isinstance(other, PodTraffic) and not bins:
            bins = bins_of_histogram(other.latency_counts)
        _add_counts(self.latency_bins, bins)

    def note_in_flight(self, router: str, count: int) -> None:
        """A router had so many requests in flight at once."""
        if count > self.in_flight_by.get(router, 0):
            self.in_flight_by[router] = count


@dataclass
class UsageSums:
    """CPU and memory samples of a minute."""

    samples: int = 0
    cpu_sum: float = 0.0
    cpu_max: float = 0.0
    memory_sum: float = 0.0
    memory_max: float = 0.0

    def add_sample(self, usage: PodUsage) -> None:
        """Count one more sample."""
        self.add(UsageSums(1, usage.cpu_cores, usage.cpu_cores, usage.memory_bytes, usage.memory_bytes))

    def add(self, other: UsageSums) -> None:
        """Merge with another share."""
        self.samples += other.samples
        self.cpu_sum += other.cpu_sum
        self.cpu_max = max(self.cpu_max, other.cpu_max)
        self.memory_sum += other.memory_sum
        self.memory_max = max(self.memory_max, other.memory_max)


@dataclass
class ReplicaCounts:
    """Wanted, running and ready pods, as last seen in a minute."""

    wanted: int = 0
    running: int = 0
    ready: int = 0


def _add_counts(into: dict[Key, int], more: Mapping[Key, int]) -> None:
    for key, count in more.items():
        into[key] = into.get(key, 0) + count


def read_sums(kind: Kind, stored: Mapping[str, Any]) -> TrafficSums | UsageSums | ReplicaCounts:
    """Sums as they were stored."""
    if kind == "traffic":
        return TrafficSums.stored(stored)
    return UsageSums(**stored) if kind == "usage" else ReplicaCounts(**stored)


def most_in_flight(rows: Iterable[tuple[Group, PodMinute, object]]) -> dict[Group, int]:
    """By group: requests in flight at all of its pods at once, of all routers, in the minute or step of its rows that
    had the most.
    """
    found: defaultdict[Group, defaultdict[int, Counter[tuple[str, str, str]]]]
    found = defaultdict(lambda: defaultdict(Counter))
    for group, key, sums in rows:
        if isinstance(sums, TrafficSums):
            counts = found[group][key.minute]
            for router, count in (sums.in_flight_by or {"": sums.in_flight}).items():
                place = (key.version, key.pod, router)
                counts[place] = max(counts[place], count)
    return {group: max(counts.total() for counts in by_moment.values()) for group, by_moment in found.items()}


def minute_of(at: datetime) -> int:
    """Unix seconds of the start of the minute that `at` is in."""
    return step_of(at, MINUTE_S)


def step_of(at: datetime, step_s: int) -> int:
    """Unix seconds of the start of the step that `at` is in."""
    return step_start(int(at.timestamp()), step_s)


def roll_traffic(samples: Iterable[TrafficSample], step_s: int = MINUTE_S) -> dict[PodMinute, TrafficSums]:
    """Samples → minutes, or other steps. A sample counts for the one in which its interval began."""
    found: dict[PodMinute, TrafficSums] = {}
    for sample in samples:
        minute = step_of(sample.from_time, step_s)
        for pod in sample.pods:
            key = PodMinute(minute, pod.service, pod.version or NOT_ROUTED, pod.pod or NOT_ROUTED)
            sums = found.setdefault(key, TrafficSums())
            sums.add(pod)
            sums.note_in_flight(sample.source, pod.in_flight)
    return found


def roll_usage(samples: Iterable[UsageSample], step_s: int = MINUTE_S) -> dict[PodMinute, UsageSums]:
    """Samples → minutes, or other steps."""
    found: dict[PodMinute, UsageSums] = {}
    for sample in samples:
        for pod in sample.pods:
            key = PodMinute(step_of(sample.at, step_s), pod.service, pod.version, pod.pod)
            found.setdefault(key, UsageSums()).add_sample(pod)
    return found


def roll_replicas(samples: Iterable[UsageSample], step_s: int = MINUTE_S) -> dict[PodMinute, ReplicaCounts]:
    """Samples → the last counts of each minute, or other step (the key's pod is `NOT_ROUTED`)."""
    return {
        PodMinute(step_of(sample.at, step_s), version.service, version.version, NOT_ROUTED): ReplicaCounts(
            version.wanted, version.running, version.ready
        )
        for sample in samples
        for version in sample.versions
    }


def step_start(minute: int, step_s: int) -> int:
    """Start of the chart step that a minute falls into; steps are aligned to the epoch."""
    return minute // step_s * step_s


def kept_since(now: datetime, kept: timedelta) -> int:
    """The first minute that is still kept."""
    return minute_of(now - kept)
