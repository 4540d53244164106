"""Series of equal length: what is zero, what is a gap, and how rows of versions and pods become one."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.domain.metrics.charts import CHARTS, parts_of
from monitor.domain.metrics.rollup import PodMinute, ReplicaCounts, TrafficSums, UsageSums
from monitor.domain.metrics.series import By, Merged, Steps, dense
from monitor.domain.metrics.summaries import ServiceTraffic, SummaryWindow, add_minutes
from shared.contracts.latency_bins import bin_of

SECONDS = (0.0005, 0.002, 0.004, 0.008, 0.02, 0.04, 0.08, 0.2, 0.4, 0.8)
STEPS = Steps(start=6000, step_s=60, count=4, now=9000)


def key(at: int, version: str = "v1", pod: str = "p1") -> PodMinute:
    return PodMinute(at, "wine", version, pod)


def took(place: int, requests: int) -> TrafficSums:
    """Requests that all took equally long."""
    return TrafficSums(requests=requests, status={"200": requests}, latency_bins={bin_of(SECONDS[place]): requests})


def series(metric: str, by: By, rows: Any, counted: Any = (), steps: Steps = STEPS) -> dict[tuple[str, str], Any]:
    chart = CHARTS[metric]
    other = Merged("replicas", by, steps, counted)
    return {
        group: dense(values, steps.count) for group, values in Merged(chart.kind, by, steps, rows).series(chart, other)
    }


def test_a_step_without_traffic_is_zero_where_pods_were_counted_and_a_gap_where_nobody_measured() -> None:
    counted = [(key(at, pod=""), ReplicaCounts(1, 1, 1)) for at in (6000, 6060, 6120)]
    traffic = [(key(6060), took(4, 120))]
    assert series("requests_per_second", "version", traffic, counted) == {("v1", ""): (0.0, 2.0, 0.0, None)}
    assert series("latency_p99", "version", traffic, counted)[("v1", "")][0] is None
    refused = [(key(6060, "", ""), TrafficSums(throttled=6))]
    assert series("throttled_per_second", "version", refused, counted)[("", "")] == (0.0, 0.1, 0.0, None)


def test_percentiles_of_several_versions_are_those_of_all_their_requests() -> None:
    rows = [(key(6000), took(0, 990)), (key(6000, "v2", "p2"), took(9, 10))]
    by_version = series("latency_p90", "version", [(k, took(0, 990)) for k, _ in rows[:1]] + rows[1:])
    assert by_version[("v2", "")][0] > 0.5
    together = series("latency_p90", "none", [(rows[0][0], took(0, 990)), (rows[1][0], took(9, 10))])
    assert together == {("", ""): (pytest.approx(0.0005, rel=0.021), None, None, None)}


def test_in_flight_is_that_of_all_pods_together_in_the_moment_that_had_the_most() -> None:
    def found(by: By) -> dict[tuple[str, str], Any]:
        counts = ((6000, "p1", 4), (6000, "p2", 3), (6060, "p1", 5), (6060, "p2", 1))
        rows = [(key(at, pod=pod), TrafficSums(in_flight=count)) for at, pod, count in counts]
        return series("in_flight", by, rows, steps=Steps(start=6000, step_s=120, count=1, now=9000))

    assert found("version") == {("v1", ""): (7.0,)}
    assert found("pod") == {("v1", "p1"): (5.0,), ("v1", "p2"): (3.0,)}


def test_in_flight_of_a_pod_is_that_of_all_routers() -> None:
    minute = TrafficSums(in_flight=5, in_flight_by={"r1": 5, "r2": 3})
    again = TrafficSums(in_flight=2, in_flight_by={"r1": 2})  # by 10 s each sample is a row
    steps = Steps(start=6000, step_s=60, count=1, now=9000)
    assert series("in_flight", "pod", [(key(6000), minute), (key(6000), again)], steps=steps) == {("v1", "p1"): (8.0,)}


def test_usage_is_a_mean_of_each_pod_and_replicas_are_the_last_count_of_each_version() -> None:
    usage = [(key(6000, pod=pod), UsageSums(2, cpu, cpu, 10, 10)) for pod, cpu in (("p1", 1.0), ("p2", 3.0))]
    assert series("cpu_cores", "version", usage) == {("v1", ""): (2.0, None, None, None)}
    assert series("cpu_cores", "pod", usage)[("v1", "p2")] == (1.5, None, None, None)
    counts = [(key(6000 + at, version, ""), ReplicaCounts(at, 0, 0)) for version in ("v1", "v2") for at in (0, 30)]
    assert series("replicas_wanted", "none", counts) == {("", ""): (60.0, None, None, None)}


@pytest.mark.parametrize(
    ("step_s", "now", "measured"),
    [(10, 6021, None), (10, 6022, 10), (10, 9000, 10), (60, 6051, None), (60, 6062, 50), (3600, 6900, 888)],
)
def test_a_step_that_goes_on_has_a_rate_once_enough_of_it_was_measured(
    step_s: int, now: int, measured: int | None
) -> None:
    assert Steps(6000, step_s, 1, now).measured_s(0) == measured


def test_answers_by_class_have_a_part_each_and_no_metric_has_another_name() -> None:
    assert list(parts_of("responses_by_class") or ()) == ["2xx", "3xx", "4xx", "5xx"]
    assert parts_of("colour") is None


def test_a_summary_is_of_whole_minutes_and_says_null_where_nothing_was_measured() -> None:
    window = SummaryWindow(now=6000 + 70)
    assert (window.sparkline_start, window.sparkline_end, window.recent_end) == (6000 - 900, 6000, 6050)
    nothing = ServiceTraffic()
    assert (nothing.rates(window), nothing.latency_p99_s()) == ((None, None), None)
    idle = ServiceTraffic(counted={5940, 6000})
    assert (idle.rates(window), idle.sparkline(window)) == ((0.0, 0.0), (*[None] * 14, 0.0))
    busy = ServiceTraffic(recent=TrafficSums(requests=120, status={"200": 60, "503": 60}))
    add_minutes({"wine": busy}, [(key(5880), took(4, 60)), (key(5880, "v2"), took(4, 60))])
    assert (busy.rates(window), busy.sparkline(window)[-2:]) == ((2.0, 1.0), (2.0, None))
    assert 0.01 < (busy.latency_p99_s() or 0) <= 0.025
