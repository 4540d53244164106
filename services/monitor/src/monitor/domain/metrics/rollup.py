"""Sums of a pod over a minute or another step: as one row, and as releases of before stored them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

from monitor.domain.metrics.entries import Kind
from monitor.domain.metrics.latency import bins_of_histogram
from shared.contracts.metrics.samples import PodTraffic

Key = TypeVar("Key", str, int)

MINUTE_S = 60


@dataclass(frozen=True, order=True)
class PodMinute:
    """Key of a row: unix seconds of its start, and whose it is."""

    minute: int
    service: str
    version: str
    pod: str


@dataclass
class TrafficSums:
    """What happened; every field adds up but those in flight, of which each router's most is kept."""

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
        """Read back what releases of before stored: their histogram, `latency_counts`, becomes a sketch."""
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
                self.in_flight_by[router] = max(count, self.in_flight_by.get(router, 0))
        _add_counts(self.status, other.status)
        _add_counts(self.dropped, other.dropped)
        bins = other.latency_bins
        if isinstance(other, PodTraffic) and not bins:
            bins = bins_of_histogram(other.latency_counts)
        _add_counts(self.latency_bins, bins)


@dataclass
class UsageSums:
    """CPU and memory samples of a minute."""

    samples: int = 0
    cpu_sum: float = 0.0
    cpu_max: float = 0.0
    memory_sum: float = 0.0
    memory_max: float = 0.0


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
    """Sums as releases of before stored them."""
    if kind in {"traffic", "latency"}:
        return TrafficSums.stored(stored)
    return UsageSums(**stored) if kind == "usage" else ReplicaCounts(**stored)


def minute_of(at: datetime) -> int:
    """Unix seconds of the start of the minute that `at` is in."""
    return step_start(int(at.timestamp()), MINUTE_S)


def step_start(at: int, step_s: int) -> int:
    """Start of the step that `at` falls into; steps are aligned to the epoch."""
    return at // step_s * step_s


def kept_since(now: datetime, kept: timedelta) -> int:
    """The first minute that is still kept."""
    return minute_of(now - kept)
