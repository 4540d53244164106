"""Counters of requests and records. They only grow; an interval is the difference of two snapshots."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import UUID

from shared.contracts.metrics.latency_bins import bin_of, histogram_of
from shared.contracts.metrics.samples import PodTraffic

Key = TypeVar("Key", str, int)


@dataclass(slots=True)
class Tally:
    """Everything counted for one pod of one version, or for what never got as far as a version."""

    service: str
    version: str | None = None
    version_id: UUID | None = None
    pod: str | None = None
    requests: int = 0
    throttled: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    in_flight: int = 0
    latency_sum_s: float = 0.0
    logged: int = 0
    status: dict[int, int] = field(default_factory=dict)
    dropped: dict[str, int] = field(default_factory=dict)
    unsorted: list[float] = field(default_factory=list)
    bins: Counter[int] = field(default_factory=Counter)

    def count_response(self, status: int, duration_s: float, bytes_in: int, bytes_out: int) -> None:
        """Count one finished request."""
        self.requests += 1
        self.status[status] = self.status.get(status, 0) + 1
        self.bytes_in += bytes_in
        self.bytes_out += bytes_out
        self.latency_sum_s += duration_s
        self.unsorted.append(duration_s)

    def count_record(self, dropped: str | None) -> None:
        """Count one record: into the spool, or dropped for a reason."""
        if dropped is None:
            self.logged += 1
        else:
            self.dropped[dropped] = self.dropped.get(dropped, 0) + 1

    def latency_bins(self) -> Counter[int]:
        """The sketch so far. What came since the last look is sorted in now: a request only notes its duration."""
        unsorted, self.unsorted = self.unsorted, []
        self.bins.update(map(bin_of, unsorted))
        return self.bins

    def snapshot(self) -> PodTraffic:
        """The counters so far, as values."""
        bins = dict(self.latency_bins())
        return PodTraffic(
            service=self.service,
            version=self.version,
            version_id=self.version_id,
            pod=self.pod,
            requests=self.requests,
            status={str(code): count for code, count in self.status.items()},
            throttled=self.throttled,
            bytes_in=self.bytes_in,
            bytes_out=self.bytes_out,
            in_flight=self.in_flight,
            latency_counts=histogram_of(bins),
            latency_bins=bins,
            latency_sum_s=self.latency_sum_s,
            logged=self.logged,
            dropped=dict(self.dropped),
        )


@dataclass(slots=True)
class TrafficTallies:
    """Every tally of this run of the router, by (version id or service, pod)."""

    tallies: dict[tuple[str, str], Tally] = field(default_factory=dict)

    def of_pod(self, service: str, version: str, version_id: UUID, pod: str) -> Tally:
        """The tally of one pod; it outlives the pod, so that its last counts are reported."""
        key = (str(version_id), pod)
        return self.tallies.setdefault(key, Tally(service, version, version_id, pod))

    def of_version(self, service: str, version: str, version_id: UUID) -> Tally:
        """What was meant for a version but reached none of its pods."""
        return self.tallies.setdefault((str(version_id), ""), Tally(service, version, version_id))

    def of_service(self, service: str) -> Tally:
        """What was turned away before a version was chosen; `-` stands for names that do not exist."""
        return self.tallies.setdefault((service, ""), Tally(service))

    def forget(self, keys: list[tuple[str, str]]) -> None:
        """Drop tallies whose last counts were reported and whose pods are gone."""
        for key in keys:
            self.tallies.pop(key, None)

    def snapshot(self) -> dict[tuple[str, str], PodTraffic]:
        """All counters so far."""
        return {key: tally.snapshot() for key, tally in self.tallies.items()}


def traffic_between(now: PodTraffic, before: PodTraffic | None) -> PodTraffic | None:
    """What happened between two snapshots of one tally; None where nothing did (and nothing is in flight)."""
    if before is None:
        return now if now.requests or now.in_flight or now.dropped or now.logged else None
    if now == before and not now.in_flight:
        return None
    return now.model_copy(
        update={
            **{name: getattr(now, name) - getattr(before, name) for name in _DELTAS},
            "status": _subtract(now.status, before.status),
            "dropped": _subtract(now.dropped, before.dropped),
            "latency_counts": tuple(a - b for a, b in zip(now.latency_counts, before.latency_counts, strict=True)),
            "latency_bins": _subtract(now.latency_bins, before.latency_bins),
        }
    )


_DELTAS = ("requests", "throttled", "bytes_in", "bytes_out", "latency_sum_s", "logged")


def _subtract(now: dict[Key, int], before: dict[Key, int]) -> dict[Key, int]:
    difference = Counter(now)
    difference.subtract(before)
    return {key: count for key, count in difference.items() if count}
