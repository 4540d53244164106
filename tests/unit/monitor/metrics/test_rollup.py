from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from monitor.domain.metrics.rollup import (
    NOT_ROUTED,
    PodMinute,
    TrafficSums,
    roll_replicas,
    roll_traffic,
    roll_usage,
)
from shared.contracts.latency_bins import bin_of
from shared.contracts.samples import (
    PodTraffic,
    PodUsage,
    TrafficSample,
    UsageSample,
    VersionReplicas,
)

RUN = UUID(int=1)
VERSION = UUID(int=2)
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def sample(start: datetime, *pods: PodTraffic, sequence: int = 0) -> TrafficSample:
    end = start + timedelta(seconds=10)
    return TrafficSample(source="r", sequence=sequence, run_id=RUN, from_time=start, to_time=end, pods=pods)


def pod(requests: int, **more: Any) -> PodTraffic:
    return PodTraffic(service="s", version="v1", pod="p", requests=requests, **more)


def test_samples_of_one_minute_add_up() -> None:
    rolled = roll_traffic(
        [
            sample(NOON, pod(3, status={"200": 3}, latency_bins={bin_of(0.001): 3}, in_flight=4)),
            sample(NOON + timedelta(seconds=50), pod(2, status={"200": 1, "500": 1}, latency_counts=(0, 0, 2))),
        ]
    )

    (sums,) = rolled.values()
    assert sums.requests == 5
    assert sums.status == {"200": 4, "500": 1}
    assert (sums.latency_bins[bin_of(0.001)], sum(sums.latency_bins.values())) == (3, 5)
    assert sums.in_flight == 4


def test_routers_are_told_apart_for_what_is_in_flight() -> None:
    samples = [
        sample(NOON + timedelta(seconds=at), pod(1, in_flight=count)).model_copy(update={"source": source})
        for at, source, count in ((0, "r1", 4), (10, "r1", 2), (0, "r2", 3), (10, "r2", 0))
    ]
    (sums,) = roll_traffic(samples).values()
    assert (sums.in_flight, sums.in_flight_by) == (4, {"r1": 4, "r2": 3})


def test_the_next_minute_is_another_row() -> None:
    rolled = roll_traffic([sample(NOON, pod(1)), sample(NOON + timedelta(seconds=60), pod(1))])

    assert [key.minute for key in sorted(rolled)] == [int(NOON.timestamp()), int(NOON.timestamp()) + 60]


def test_requests_that_reached_no_version_are_counted_for_nobody() -> None:
    turned_away = PodTraffic(service="s", version=None, throttled=7)

    assert roll_traffic([sample(NOON, turned_away)]) == {
        PodMinute(int(NOON.timestamp()), "s", NOT_ROUTED, NOT_ROUTED): TrafficSums(throttled=7)
    }


def test_usage_keeps_mean_and_maximum() -> None:
    def usage(cpu: float) -> UsageSample:
        one = PodUsage(
            service="s", version="v1", version_id=VERSION, pod="p", cpu_cores=cpu, memory_bytes=100, ready=True
        )
        return UsageSample(source="n", at=NOON, pods=(one,))

    (sums,) = roll_usage([usage(0.5), usage(1.5)]).values()

    assert (sums.samples, sums.cpu_sum, sums.cpu_max, sums.memory_sum) == (2, 2.0, 1.5, 200.0)


def test_the_last_replica_counts_of_a_minute_stay() -> None:
    def seen(ready: int) -> UsageSample:
        version = VersionReplicas(service="s", version="v1", version_id=VERSION, wanted=2, running=2, ready=ready)
        return UsageSample(source="n", at=NOON, versions=(version,))

    (last,) = roll_replicas([seen(0), seen(2)]).values()

    assert last.ready == 2
