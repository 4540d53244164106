"""Figures of service quality and cost, from what was measured in a window. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from monitor.domain.metrics.latency import quantile
from monitor.domain.metrics.rollup import PodMinute, ReplicaCounts, TrafficSums, UsageSums

GIB = 1024.0**3
QUANTILES = {"latency_p50": 0.50, "latency_p90": 0.90, "latency_p99": 0.99}
HOUR_S = 3600.0


@dataclass
class Measured:
    """What was measured of a service (or one of its versions) in a window."""

    traffic: TrafficSums = field(default_factory=TrafficSums)
    core_seconds: float = 0.0
    byte_seconds: float = 0.0
    pod_seconds: float = 0.0

    def add_traffic(self, sums: TrafficSums) -> None:
        """Of one minute, or 10 s."""
        self.traffic.add(sums)

    def add_usage(self, sums: UsageSums, step_s: int) -> None:
        """Of one pod and step."""
        if sums.samples:
            self.core_seconds += sums.cpu_sum / sums.samples * step_s
            self.byte_seconds += sums.memory_sum / sums.samples * step_s

    def add_replicas(self, counts: ReplicaCounts, step_s: int) -> None:
        """Of one version and step."""
        self.pod_seconds += counts.running * step_s


def gather(rows: Iterable[tuple[PodMinute, object]], step_s: int, by_version: bool) -> dict[str, Measured]:
    """Version → what was measured; all of it together under the empty name where `by_version` is false."""
    found: dict[str, Measured] = {}
    for key, sums in rows:
        into = found.setdefault(key.version if by_version else "", Measured())
        match sums:
            case TrafficSums():
                into.add_traffic(sums)
            case UsageSums():
                into.add_usage(sums, step_s)
            case ReplicaCounts():
                into.add_replicas(sums, step_s)
    return found


def figure(metric: str, measured: Measured) -> float | None:
    """The metric of what was measured; None: it has no meaning without requests."""
    traffic = measured.traffic
    if metric in QUANTILES:
        return quantile(traffic.latency_bins, QUANTILES[metric])
    hours = {
        "requests": float(traffic.requests),
        "pod_hours": measured.pod_seconds / HOUR_S,
        "cpu_core_hours": measured.core_seconds / HOUR_S,
        "memory_gib_hours": measured.byte_seconds / HOUR_S / GIB,
    }
    if metric in hours:
        return hours[metric]
    if not traffic.requests:
        return None
    shares = {
        "error_rate": float(sum(count for code, count in traffic.status.items() if code.startswith("5"))),
        "throttled_share": float(traffic.throttled),
        "pod_hours_per_1000_requests": measured.pod_seconds / HOUR_S * 1000.0,
    }
    return shares[metric] / traffic.requests
