"""Which numbers a row has, by name: what a sample says of a pod becomes fields, and fields become sums again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from monitor.domain.metrics.entries import NOT_ROUTED, PRESENT, Kind, Series
from monitor.domain.metrics.latency import bins_of_histogram
from monitor.domain.metrics.rollup import ReplicaCounts, TrafficSums, UsageSums
from shared.contracts.metrics.samples import PodTraffic, PodUsage, TrafficSample, UsageSample, VersionReplicas

MILLION = 1_000_000
STATUS, DROPPED, IN_FLIGHT, BIN = "status:", "dropped:", "in_flight@", "b"
_COUNTS = ("requests", "throttled", "bytes_in", "bytes_out", "logged")

Fields = dict[str, int]
Row = tuple[Kind, int, Series, Fields]
"""A kind of numbers, the unix second that they begin at, whose they are, and the numbers."""


def rows_of_traffic(sample: TrafficSample, step_s: int) -> Iterator[Row]:
    """What a router's sample says; it counts for the step in which its interval began."""
    at = int(sample.from_time.timestamp()) // step_s * step_s
    for pod in sample.pods:
        owner = Series(pod.service, pod.version or NOT_ROUTED, pod.pod or NOT_ROUTED)
        yield "traffic", at, owner, traffic_fields(pod, {sample.source: pod.in_flight})
        bins = pod.latency_bins or bins_of_histogram(pod.latency_counts)
        if bins:
            yield "latency", at, owner, latency_fields(bins)


def rows_of_usage(sample: UsageSample, step_s: int) -> Iterator[Row]:
    """What the scheduler's sample says of pods and versions (whose pod is empty)."""
    at = int(sample.at.timestamp()) // step_s * step_s
    for pod in sample.pods:
        yield "usage", at, Series(pod.service, pod.version, pod.pod), usage_fields(pod)
    for version in sample.versions:
        yield "replicas", at, Series(version.service, version.version, NOT_ROUTED), replica_fields(version)


def traffic_fields(counts: PodTraffic | TrafficSums, in_flight: Mapping[str, int]) -> Fields:
    """Fields of traffic: zeros are left out, but that there was a sample."""
    found = {name: value for name in _COUNTS if (value := getattr(counts, name))}
    found[PRESENT] = 1
    if counts.latency_sum_s:
        found["latency_us"] = round(counts.latency_sum_s * MILLION)
    for prefix, named in ((STATUS, counts.status), (DROPPED, counts.dropped), (IN_FLIGHT, in_flight)):
        for name, count in named.items():
            if count:
                found[prefix + name] = count
    return found


def latency_fields(bins: Mapping[int, int]) -> Fields:
    """Fields of a latency sketch."""
    return {f"{BIN}{place}": count for place, count in bins.items()}


def usage_fields(pod: PodUsage) -> Fields:
    """Fields of one sample of a pod; a pod without a GPU has none of its fields."""
    found = _measured("cpu", round(pod.cpu_cores * MILLION)) | _measured("memory", pod.memory_bytes)
    if pod.gpu_utilisation is not None:
        found |= _measured("gpu", round(pod.gpu_utilisation * MILLION))
    if pod.gpu_memory_bytes is not None:
        found |= _measured("gpu_memory", pod.gpu_memory_bytes)
    return found | {PRESENT: 1}


def _measured(name: str, value: int) -> Fields:
    return {name: value, f"{name}_samples": 1, f"most_{name}": value}


def replica_fields(counts: VersionReplicas | ReplicaCounts) -> Fields:
    """Fields of a version's pods."""
    return {"wanted": counts.wanted, "running": counts.running, "ready": counts.ready, PRESENT: 1}


def fields_of_sums(kind: Kind, sums: Any) -> Fields:
    """Fields of a minute as releases of before stored it."""
    if isinstance(sums, TrafficSums):
        if kind == "latency":
            return latency_fields(sums.latency_bins)
        return traffic_fields(sums, sums.in_flight_by or {"": sums.in_flight})
    if isinstance(sums, UsageSums):
        return {
            PRESENT: sums.samples,
            "cpu": round(sums.cpu_sum * MILLION),
            "cpu_samples": sums.samples,
            "most_cpu": round(sums.cpu_max * MILLION),
            "memory": round(sums.memory_sum),
            "memory_samples": sums.samples,
            "most_memory": round(sums.memory_max),
        }
    return replica_fields(sums)


def traffic_of_fields(fields: Mapping[str, int]) -> TrafficSums:
    """The sums that fields of traffic, of latency, or of both say."""
    in_flight = _named(IN_FLIGHT, fields)
    return TrafficSums(
        **{name: fields.get(name, 0) for name in _COUNTS},
        latency_sum_s=fields.get("latency_us", 0) / MILLION,
        status=_named(STATUS, fields),
        dropped=_named(DROPPED, fields),
        in_flight=max(in_flight.values(), default=0),
        in_flight_by=in_flight,
        latency_bins={int(name): count for name, count in _named(BIN, fields).items() if name.isdecimal()},
    )


def sums_of_fields(kind: Kind, fields: Mapping[str, int]) -> TrafficSums | UsageSums | ReplicaCounts:
    """The sums that the fields of a row say."""
    if kind == "usage":
        return UsageSums(
            samples=fields.get(PRESENT, 0),
            cpu_sum=fields.get("cpu", 0) / MILLION,
            cpu_max=fields.get("most_cpu", 0) / MILLION,
            memory_sum=float(fields.get("memory", 0)),
            memory_max=float(fields.get("most_memory", 0)),
        )
    if kind == "replicas":
        return ReplicaCounts(*(fields.get(name, 0) for name in ("wanted", "running", "ready")))
    return traffic_of_fields(fields)


def _named(prefix: str, fields: Mapping[str, int]) -> Fields:
    return {name.removeprefix(prefix): count for name, count in fields.items() if name.startswith(prefix)}
