"""Series of equal length: what is zero, what is a gap, and how rows of versions and pods become one."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.domain.metrics.charts import CHARTS, parts_of
from monitor.domain.metrics.entries import NOTHING, Entries, Kind, Series, entries_of
from monitor.domain.metrics.fields import replica_fields, traffic_fields, usage_fields
from monitor.domain.metrics.rollup import ReplicaCounts, TrafficSums
from monitor.domain.metrics.series import By, Merged, Steps, by_series, dense
from monitor.domain.metrics.summaries import Measured, ServiceTraffic, SummaryWindow, summarised
from shared.contracts.metrics.latency_bins import bin_of
from shared.contracts.metrics.samples import PodUsage

SECONDS = (0.0005, 0.002, 0.004, 0.008, 0.02, 0.04, 0.08, 0.2, 0.4, 0.8)
STEPS = Steps(start=6000, step_s=60, count=4, now=9000)

Rows = list[tuple[int, Series, dict[str, int]]]


def owner(version: str = "v1", pod: str = "p1") -> Series:
    return Series("wine", version, pod)


def served(at: int, requests: int = 0, *, of: Series = owner(), **more: Any) -> Rows:  # noqa: B008 - a tuple
    in_flight = more.pop("in_flight", {})
    sums = TrafficSums(requests=requests, status={"200": requests}, **more)
    return [(at, of, traffic_fields(sums, in_flight))]


def took(at: int, place: int, requests: int, *, of: Series = owner()) -> Rows:  # noqa: B008
    """Requests that all took equally long."""
    return [(at, of, {f"b{bin_of(SECONDS[place])}": requests})]


def counted(*minutes: int) -> Entries:
    return entries_of((at, owner(pod=""), replica_fields(ReplicaCounts(1, 1, 1))) for at in minutes)


def series(
    metric: str, by: By, rows: Rows, idle: Entries = NOTHING, steps: Steps = STEPS
) -> dict[tuple[str, str], Any]:
    chart = CHARTS[metric]
    merged = Merged(by, steps, entries_of(rows))
    other = Merged(by, steps, idle) if chart.is_zero_when_idle else None
    return {group[1:]: dense(values) for group, values in by_series(chart.read(merged), merged, other)}


def test_a_step_without_traffic_is_zero_where_pods_were_counted_and_a_gap_where_nobody_measured() -> None:
    idle = counted(6000, 6060, 6120)
    assert series("requests_per_second", "version", served(6060, 120), idle) == {("v1", ""): (0.0, 2.0, 0.0, None)}
    assert series("latency_p99", "version", took(6060, 4, 120), idle)[("v1", "")][0] is None
    refused = served(6060, throttled=6, of=owner("", ""))
    assert series("throttled_per_second", "version", refused, idle)[("", "")] == (0.0, 0.1, 0.0, None)
    assert series("requests", "version", [], idle) == {("v1", ""): (0.0, 0.0, 0.0, None)}
    assert series("requests", "version", []) == {}


def test_percentiles_of_several_versions_are_those_of_all_their_requests() -> None:
    rows = took(6000, 0, 990) + took(6000, 9, 10, of=owner("v2", "p2"))
    assert series("latency_p90", "version", rows)[("v2", "")][0] > 0.5
    assert series("latency_p90", "none", rows) == {("", ""): (pytest.approx(0.0005, rel=0.021), None, None, None)}
    assert series("latency_p99", "none", rows + took(6060, 2, 3))[("", "")][1] == pytest.approx(0.004, rel=0.021)


def test_in_flight_is_that_of_all_pods_together_in_the_moment_that_had_the_most() -> None:
    def found(by: By) -> dict[tuple[str, str], Any]:
        counts = ((6000, "p1", 4), (6000, "p2", 3), (6060, "p1", 5), (6060, "p2", 1))
        rows = [row for at, pod, count in counts for row in served(at, of=owner(pod=pod), in_flight={"r": count})]
        return series("in_flight", by, rows, steps=Steps(start=6000, step_s=120, count=1, now=9000))

    assert found("version") == {("v1", ""): (7.0,)}
    assert found("pod") == {("v1", "p1"): (5.0,), ("v1", "p2"): (3.0,)}


def test_in_flight_of_a_pod_is_that_of_all_routers() -> None:
    rows = served(6000, in_flight={"r1": 5, "r2": 3}) + served(6000, in_flight={"r1": 2})
    assert series("in_flight", "pod", rows, steps=Steps(6000, 60, 1, 9000)) == {("v1", "p1"): (8.0,)}


def used(at: int, pod: str, cpu: float, gpu: float | None = None) -> Rows:
    one = PodUsage(
        service="wine", version="v1", version_id="00000000-0000-0000-0000-000000000001", pod=pod, cpu_cores=cpu,
        memory_bytes=10, gpu_utilisation=gpu, ready=True,
    )  # fmt: skip
    return [(at, owner(pod=pod), usage_fields(one))]


def test_usage_is_a_mean_of_each_pod_and_replicas_are_the_last_count_of_each_version() -> None:
    usage = used(6000, "p1", 0.4) + used(6010, "p1", 0.6) + used(6000, "p2", 1.5)
    assert series("cpu_cores", "version", usage) == {("v1", ""): (2.0, None, None, None)}
    assert series("cpu_cores", "pod", usage)[("v1", "p2")] == (1.5, None, None, None)
    rows = [
        (6000 + at, owner(version, ""), replica_fields(ReplicaCounts(at, 0, 0)))
        for version in ("v1", "v2")
        for at in (30, 0)
    ]
    assert series("replicas_wanted", "none", rows) == {("", ""): (60.0, None, None, None)}
    assert series("replicas_ready", "none", rows) == {("", ""): (0.0, None, None, None)}


def test_a_gpu_that_is_not_there_is_absent_and_not_zero() -> None:
    usage = used(6000, "p1", 0.4, gpu=0.25) + used(6000, "p2", 1.5)
    assert series("gpu_utilisation", "pod", usage) == {("v1", "p1"): (0.25, None, None, None)}
    assert series("gpu_memory_bytes", "pod", usage) == {}


@pytest.mark.parametrize(
    ("step_s", "now", "measured"),
    [(10, 6021, None), (10, 6022, 10), (10, 9000, 10), (60, 6051, None), (60, 6062, 50), (3600, 6900, 888)],
)
def test_a_step_that_goes_on_has_a_rate_once_enough_of_it_was_measured(
    step_s: int, now: int, measured: int | None
) -> None:
    assert Steps(6000, step_s, 1, now).measured_s(0) == measured
    rate = None if measured is None else round(120 / measured, 6)
    found = series("requests_per_second", "version", served(6000, 120), steps=Steps(6000, step_s, 1, now))
    assert found == ({} if rate is None else {("v1", ""): (rate,)})


def test_answers_by_class_have_a_part_each_and_no_metric_has_another_name() -> None:
    assert list(parts_of("responses_by_class") or ()) == ["2xx", "3xx", "4xx", "5xx"]
    assert parts_of("colour") is None


def kinds(**rows: Rows | Entries) -> Measured:
    return Measured(
        **{kind: found if isinstance(found, Entries) else entries_of(found) for kind, found in rows.items()}
    )


def test_a_summary_is_of_whole_minutes_and_says_null_where_nothing_was_measured() -> None:
    window = SummaryWindow(now=6000 + 70)
    assert (window.sparkline_start, window.sparkline_end, window.recent_end) == (6000 - 900, 6000, 6050)

    def found(measured: Measured) -> ServiceTraffic:
        return summarised(("wine", "beer"), measured, window)["wine"]

    assert found(Measured()) == ServiceTraffic()
    idle = found(kinds(counted=counted(5940, 6000)))
    assert (idle.requests_per_second, idle.errors_per_second) == (0.0, 0.0)
    assert (idle.latency_p99_s, idle.sparkline) == (None, (*[None] * 14, 0.0))
    assert found(kinds(counted=counted(5880))).requests_per_second is None
    now = [(6000, owner(), traffic_fields(TrafficSums(requests=120, status={"200": 60, "503": 60}), {}))]
    minutes = served(5880, 60) + served(5880, 60, of=owner("v2"))
    busy = found(kinds(recent=now, traffic=minutes, latency=took(5880, 4, 60)))
    assert (busy.requests_per_second, busy.errors_per_second, busy.sparkline[-2:]) == (2.0, 1.0, (2.0, None))
    assert busy.latency_p99_s == pytest.approx(0.02, rel=0.021)


def test_kinds_are_what_charts_read() -> None:
    kinds_read: set[Kind] = {chart.kind for chart in CHARTS.values()}
    assert kinds_read == {"traffic", "latency", "usage", "replicas"}
