"""Service quality and cost from what was measured."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import pytest

from monitor.handlers.ingest import store_samples
from quality_tables import HOUR, NOON
from running_services.running_rules import Rules
from shared.contracts.metrics.latency_bins import LATENCY_BOUNDS_S
from shared.contracts.metrics.samples import PodTraffic, PodUsage, TrafficSample, UsageSample, VersionReplicas

TEN = timedelta(seconds=10)
ID = UUID(int=1)


def served(at: datetime, sequence: int, **versions: int) -> TrafficSample:
    """100 requests of each version in 10 s, so many of them answered with 500; each took up to 50 ms."""
    counts = tuple(100 if bound == 0.05 else 0 for bound in (*LATENCY_BOUNDS_S, 0.0))
    pods = tuple(
        PodTraffic(
            service="wine",
            version=version,
            pod=f"{version}-0",
            requests=100,
            status={"200": 100 - errors, "500": errors},
            throttled=5,
            latency_counts=counts,
        )
        for version, errors in versions.items()
    )
    return TrafficSample(source="r1", sequence=sequence, run_id=ID, from_time=at, to_time=at + TEN, pods=pods)


def used(at: datetime) -> UsageSample:
    """One pod with half a core and 2 GiB."""
    pod = PodUsage(
        service="wine", version="v1", version_id=ID, pod="v1-0", cpu_cores=0.5, memory_bytes=2 * 2**30, ready=True
    )
    replicas = VersionReplicas(service="wine", version="v1", version_id=ID, wanted=1, running=1, ready=1)
    return UsageSample(source="s1", at=at, pods=(pod,), versions=(replicas,))


async def test_errors_latency_and_cost_of_a_service_and_of_its_versions(quality: Rules) -> None:
    minutes = [NOON + timedelta(minutes=place) for place in range(60)]
    async with quality.database.unit_of_work() as session:
        traffic = [served(at, place, v1=0, v2=10) for place, at in enumerate(minutes)]
        await store_samples(session, traffic, [used(at) for at in minutes])
    lake = quality.lake
    expected = {
        "error_rate": (0.02, 0.04, "critical"),
        "throttled_share": (0.2, None, "ok"),
        "latency_p99": (0.01, None, "warning"),
        "requests": (1_000_000, None, "warning"),
    }
    made = {
        metric: lake.rule(metric.replace("_", "-"), "service_quality", metric, warning=warning, critical=critical)
        for metric, (warning, critical, _) in expected.items()
    }
    by_version = lake.rule("versions", "service_quality", "error_rate", warning=0.01, slice="version", min_sample=100)
    starved = lake.rule("starved", "service_quality", "error_rate", warning=0.01, min_sample=10_000_000)
    hours = lake.rule("hours", "cost", "pod_hours", warning=0.5)
    cores = lake.rule("cores", "cost", "cpu_core_hours", warning=2.0)
    await quality.evaluate()
    for metric, (_, _, state) in expected.items():
        (found,) = await quality.windows(made[metric])
        assert (found.state, found.rows) == (state, 12_000), metric
    (rate,) = await quality.windows(made["error_rate"])
    assert rate.value == pytest.approx(0.05)
    assert {each.slice: each.state for each in await quality.windows(by_version)} == {
        "version=v1": "ok",
        "version=v2": "warning",
    }
    assert (await quality.windows(starved))[0].reason == "12000 requests, fewer than 10000000"
    for rule, state, value in ((hours, "warning", 1.0), (cores, "ok", 0.5)):
        (found,) = await quality.windows(rule)
        assert found.state == state
        assert found.value == pytest.approx(value)


async def test_windows_of_ten_seconds_and_of_nothing(quality: Rules) -> None:
    quality.clock.at = NOON + TEN
    async with quality.database.unit_of_work() as session:
        await store_samples(session, [served(NOON, 1, v1=50)], [])
    quick = {"window": "PT10S", "schedule": "PT10S", "delay": "PT0S"}
    rule = quality.lake.rule("quick", "service_quality", "error_rate", warning=0.1, critical=0.4, **quick)
    await quality.evaluate()
    (found,) = await quality.windows(rule)
    assert (found.state, found.value, found.end) == ("critical", 0.5, NOON + TEN)
    quality.clock.at += HOUR
    await quality.evaluate()
    windows = await quality.windows(rule)
    assert len(windows) == 49  # those that are made up for, and the first
    assert windows[0].reason == "nothing was measured in the window"
