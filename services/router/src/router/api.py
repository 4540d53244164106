"""The admin port: health, readiness, and what Prometheus scrapes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from router.domain.traffic_counters import Tally, TrafficTallies
from router.spool import SpoolState
from shared.contracts.metrics.latency_bins import LATENCY_BOUNDS_S, histogram_of


class RouterMetricsCollector(Collector):
    """Turns the router's counters into metrics when they are asked for; nothing is counted twice on the way."""

    def __init__(
        self, traffic: TrafficTallies, spool: Callable[[], SpoolState], is_current: Callable[[], bool]
    ) -> None:
        self._traffic = traffic
        self._spool = spool
        self._is_current = is_current

    def collect(self) -> Iterator[Metric]:
        """Every family of metrics."""
        tallies = list(self._traffic.tallies.values())
        yield _requests(tallies)
        yield _throttled(tallies)
        yield from _bytes(tallies)
        yield _records(tallies)
        yield _durations(tallies)
        yield _in_flight(tallies)
        yield from self._state()

    def _state(self) -> Iterator[Metric]:
        spool = self._spool()
        for name, help_text, value in (
            ("penstock_router_spool_bytes", "Disk that the request spool uses.", spool.bytes_used),
            ("penstock_router_spool_cap_bytes", "Disk that the request spool may use.", spool.bytes_cap),
            ("penstock_router_spool_records", "Records read and not yet cut into a message.", spool.waiting_records),
            ("penstock_router_spool_messages", "Messages not yet stored by the bus.", spool.waiting_messages),
            ("penstock_router_routes_current", "1 while the route table follows the bus.", int(self._is_current())),
        ):
            yield GaugeMetricFamily(name, help_text, value=value)


def _requests(tallies: list[Tally]) -> Metric:
    family = CounterMetricFamily(
        "penstock_router_requests", "Requests answered.", labels=("service", "version", "pod", "code")
    )
    for tally in tallies:
        for code, count in tally.status.items():
            family.add_metric((tally.service, tally.version or "", tally.pod or "", str(code)), count)
    return family


def _throttled(tallies: list[Tally]) -> Metric:
    family = CounterMetricFamily(
        "penstock_router_throttled", "Requests refused or held by a rate limit.", labels=("service", "version", "pod")
    )
    for tally in tallies:
        if tally.throttled:
            family.add_metric((tally.service, tally.version or "", tally.pod or ""), tally.throttled)
    return family


def _bytes(tallies: list[Tally]) -> Iterator[Metric]:
    for name, help_text, field in (
        ("penstock_router_received_bytes", "Bodies of requests.", "bytes_in"),
        ("penstock_router_sent_bytes", "Bodies of answers.", "bytes_out"),
    ):
        family = CounterMetricFamily(name, help_text, labels=("service", "version", "pod"))
        for tally in tallies:
            family.add_metric((tally.service, tally.version or "", tally.pod or ""), getattr(tally, field))
        yield family


def _records(tallies: list[Tally]) -> Metric:
    family = CounterMetricFamily(
        "penstock_router_records",
        "Requests given to a version: into the spool (`logged`), or dropped, by reason.",
        labels=("service", "version", "pod", "outcome"),
    )
    for tally in tallies:
        if tally.version is None:
            continue
        for outcome, count in {"logged": tally.logged, **tally.dropped}.items():
            family.add_metric((tally.service, tally.version, tally.pod or "", outcome), count)
    return family


def _durations(tallies: list[Tally]) -> Metric:
    family = HistogramMetricFamily(
        "penstock_router_request_duration_seconds",
        "From the request's head to the answer's last byte.",
        labels=("service", "version", "pod"),
    )
    for tally in tallies:
        total = 0
        buckets: list[tuple[str, float]] = []
        for bound, count in zip((*map(str, LATENCY_BOUNDS_S), "+Inf"), histogram_of(tally.latency_bins()), strict=True):
            total += count
            buckets.append((bound, total))
        family.add_metric((tally.service, tally.version or "", tally.pod or ""), buckets, tally.latency_sum_s)
    return family


def _in_flight(tallies: list[Tally]) -> Metric:
    family = GaugeMetricFamily(
        "penstock_router_in_flight", "Requests at a pod now.", labels=("service", "version", "pod")
    )
    for tally in tallies:
        if tally.pod is not None:
            family.add_metric((tally.service, tally.version or "", tally.pod), tally.in_flight)
    return family
