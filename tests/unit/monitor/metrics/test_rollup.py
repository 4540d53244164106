"""Samples as rows of fields, and what releases of before stored."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from monitor.domain.metrics.entries import NOT_ROUTED, Series
from monitor.domain.metrics.fields import fields_of_sums, rows_of_traffic, rows_of_usage, traffic_of_fields
from monitor.domain.metrics.rollup import TrafficSums, read_sums
from shared.contracts.metrics.latency_bins import bin_of
from shared.contracts.metrics.samples import PodTraffic, PodUsage, TrafficSample, UsageSample, VersionReplicas

RUN = UUID(int=1)
VERSION = UUID(int=2)
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
AT = int(NOON.timestamp())
OWNER = Series("s", "v1", "p")


def sample(start: datetime, *pods: PodTraffic) -> TrafficSample:
    end = start + timedelta(seconds=10)
    return TrafficSample(source="r", sequence=1, run_id=RUN, from_time=start, to_time=end, pods=pods)


def pod(requests: int, **more: Any) -> PodTraffic:
    return PodTraffic(service="s", version="v1", pod="p", requests=requests, **more)


def test_a_sample_counts_for_the_step_in_which_it_began() -> None:
    one = pod(3, status={"200": 2, "500": 1}, latency_bins={bin_of(0.001): 3}, latency_sum_s=0.003, in_flight=4)
    assert list(rows_of_traffic(sample(NOON + timedelta(seconds=19), one), 10)) == [
        (
            "traffic",
            AT + 10,
            OWNER,
            {"requests": 3, "samples": 1, "latency_us": 3000, "status:200": 2, "status:500": 1, "in_flight@r": 4},
        ),
        ("latency", AT + 10, OWNER, {f"b{bin_of(0.001)}": 3}),
    ]


def test_a_router_of_before_says_a_histogram() -> None:
    _, (_, _, _, latency) = rows_of_traffic(sample(NOON, pod(2, latency_counts=(0, 0, 2))), 10)
    assert sum(latency.values()) == 2


def test_requests_that_reached_no_version_are_counted_for_nobody() -> None:
    turned_away = PodTraffic(service="s", version=None, throttled=7)
    assert list(rows_of_traffic(sample(NOON, turned_away), 10)) == [
        ("traffic", AT, Series("s", NOT_ROUTED, NOT_ROUTED), {"throttled": 7, "samples": 1})
    ]


def test_usage_and_replicas() -> None:
    one = PodUsage(service="s", version="v1", version_id=VERSION, pod="p", cpu_cores=0.5, memory_bytes=100, ready=True)
    version = VersionReplicas(service="s", version="v1", version_id=VERSION, wanted=2, running=2, ready=0)
    usage, replicas = rows_of_usage(UsageSample(source="n", at=NOON, pods=(one,), versions=(version,)), 10)
    cpu = {"cpu": 500_000, "cpu_samples": 1, "most_cpu": 500_000}
    memory = {"memory": 100, "memory_samples": 1, "most_memory": 100}
    assert usage == ("usage", AT, OWNER, cpu | memory | {"samples": 1})
    assert replicas == (
        "replicas", AT, Series("s", "v1", NOT_ROUTED), {"wanted": 2, "running": 2, "ready": 0, "samples": 1}
    )  # fmt: skip


def test_sums_of_before_are_read_and_come_back() -> None:
    stored = {"requests": 5, "status": {"200": 5}, "latency_counts": [0, 0, 0, 5], "in_flight": 2, "in_flight_by": {}}
    sums = read_sums("traffic", stored)
    assert isinstance(sums, TrafficSums)
    again = traffic_of_fields(fields_of_sums("traffic", sums) | fields_of_sums("latency", sums))
    assert (again.requests, again.status, sum(again.latency_bins.values()), again.in_flight) == (5, {"200": 5}, 5, 2)
    usage = read_sums("usage", {"samples": 2, "cpu_sum": 2.0, "cpu_max": 1.5, "memory_sum": 200.0, "memory_max": 100.0})
    assert fields_of_sums("usage", usage)["cpu"] == 2_000_000
