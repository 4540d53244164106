"""Traffic and usage that look like those of real pods: Poisson requests, lognormal latencies, some errors."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np

from monitor.domain.metrics.entries import KINDS, Entries, Kind, Series, entries_of, rolled
from monitor.domain.metrics.fields import rows_of_traffic, rows_of_usage
from monitor.domain.metrics.rollup import ReplicaCounts, TrafficSums
from shared.contracts.metrics.latency_bins import bin_of, histogram_of
from shared.contracts.metrics.samples import PodTraffic, PodUsage, TrafficSample, UsageSample, VersionReplicas

RUN, VERSION = UUID(int=1), UUID(int=2)
MEDIAN_S, SPREAD = 0.011, 0.5
"""Of the lognormal latencies."""


class MadeUp:
    """Pods of services, each with so many requests per second; the same figures in each run."""

    def __init__(self, services: int, pods: int, requests_s: float) -> None:
        self.names = tuple(f"service-{number:04}" for number in range(services))
        self._pods, self._requests_s = pods, requests_s
        self._chance = np.random.default_rng(7)
        self._sequence = 0

    def traffic(self, at: datetime, seconds: int = 10) -> TrafficSample:
        """One router's sample of all pods."""
        self._sequence += 1
        return TrafficSample(
            source="router-0",
            sequence=self._sequence,
            run_id=RUN,
            from_time=at,
            to_time=at + timedelta(seconds=seconds),
            pods=tuple(self._served(name, pod, seconds) for name in self.names for pod in range(self._pods)),
        )

    def _served(self, service: str, pod: int, seconds: int) -> PodTraffic:
        requests = int(self._chance.poisson(self._requests_s * seconds))
        durations = MEDIAN_S * np.exp(self._chance.normal(0, SPREAD, requests))
        bins = Counter(map(bin_of, durations.tolist()))
        errors = int(self._chance.random() < 0.1 and requests > 0)
        return PodTraffic(
            service=service,
            version="v1",
            version_id=VERSION,
            pod=f"{service}-v1-1-{pod}",
            requests=requests,
            status={"200": requests - errors} | ({"500": errors} if errors else {}),
            bytes_in=requests * 900 + int(self._chance.integers(0, 500)),
            bytes_out=requests * 300 + int(self._chance.integers(0, 500)),
            in_flight=int(self._chance.integers(0, 4)),
            latency_counts=histogram_of(bins),
            latency_bins=bins,
            latency_sum_s=float(durations.sum()),
            logged=requests,
        )

    def usage(self, at: datetime) -> UsageSample:
        """The scheduler's sample of all pods and versions."""
        versions = tuple(
            VersionReplicas(
                service=name, version="v1", version_id=VERSION, wanted=self._pods, running=self._pods, ready=self._pods
            )
            for name in self.names
        )
        pods = tuple(self._used(name, pod) for name in self.names for pod in range(self._pods))
        return UsageSample(source="scheduler", at=at, pods=pods, versions=versions)

    def _used(self, service: str, pod: int) -> PodUsage:
        return PodUsage(
            service=service,
            version="v1",
            version_id=VERSION,
            pod=f"{service}-v1-1-{pod}",
            cpu_cores=round(float(self._chance.gamma(4, 0.02)), 4),
            memory_bytes=4096 * int(self._chance.normal(100_000, 300)),
            ready=True,
        )

    def minutes(self, start: datetime, count: int) -> dict[Kind, Entries]:
        """Entries of so many minutes of all pods, by the minute."""
        rows: dict[Kind, list[tuple[int, Series, dict[str, int]]]] = {kind: [] for kind in KINDS}
        for minute in range(count):
            at = start + timedelta(minutes=minute)
            for kind, step, owner, fields in (
                *rows_of_traffic(self.traffic(at, 60), 60),
                *(row for _ in range(6) for row in rows_of_usage(self.usage(at), 60)),
            ):
                rows[kind].append((step, owner, fields))
        return {kind: rolled(entries_of(found), 60) for kind, found in rows.items()}


def rows_of_before(pod: PodTraffic) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Traffic, usage and replicas of a minute as releases before the blocks stored them."""
    sums = TrafficSums()
    sums.add(pod)
    traffic = vars(sums) | {"latency_counts": list(pod.latency_counts), "in_flight_by": {"router-0": pod.in_flight}}
    traffic.pop("latency_bins")
    usage = {"samples": 6, "cpu_sum": 0.4812, "cpu_max": 0.1123, "memory_sum": 2457600000, "memory_max": 409612288}
    return traffic, usage, vars(ReplicaCounts(1, 1, 1))
