"""Metrics by name: which rows they read, how a step's value comes out of them, in which unit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from monitor.domain.metrics.latency import quantile
from monitor.domain.metrics.rollup import Kind, ReplicaCounts, TrafficSums, UsageSums


@dataclass(frozen=True)
class Chart:
    """One metric. `read` gets a step's merged row and the step's length in seconds; None leaves a gap."""

    kind: Kind
    unit: str
    read: Callable[..., float | None]


def _per_second(name: str, sums: TrafficSums, step_s: int) -> float:
    return float(getattr(sums, name)) / step_s


def _status(first: str, sums: TrafficSums, step_s: int) -> float:
    return sum(count for code, count in sums.status.items() if code.startswith(first)) / step_s


def _latency(share: float, sums: TrafficSums, _step_s: int) -> float | None:
    return quantile(sums.latency_bins, share)


def _total(name: str, sums: TrafficSums, _step_s: int) -> float:
    found = getattr(sums, name)
    return float(sum(found.values()) if isinstance(found, dict) else found)


def _mean(name: str, sums: UsageSums, _step_s: int) -> float | None:
    return getattr(sums, f"{name}_sum") / sums.samples if sums.samples else None


def _count(name: str, counts: ReplicaCounts | TrafficSums, _step_s: int) -> float:
    return float(getattr(counts, name))


CHARTS: Mapping[str, Chart] = {
    "requests_per_second": Chart("traffic", "1/s", partial(_per_second, "requests")),
    "throttled_per_second": Chart("traffic", "1/s", partial(_per_second, "throttled")),
    "bytes_in_per_second": Chart("traffic", "bytes/s", partial(_per_second, "bytes_in")),
    "bytes_out_per_second": Chart("traffic", "bytes/s", partial(_per_second, "bytes_out")),
    "requests": Chart("traffic", "1", partial(_total, "requests")),
    "records_logged": Chart("traffic", "1", partial(_total, "logged")),
    "records_dropped": Chart("traffic", "1", partial(_total, "dropped")),
    "in_flight": Chart("traffic", "1", partial(_count, "in_flight")),
    "latency_p50": Chart("traffic", "s", partial(_latency, 0.50)),
    "latency_p90": Chart("traffic", "s", partial(_latency, 0.90)),
    "latency_p99": Chart("traffic", "s", partial(_latency, 0.99)),
    **{f"status_{first}xx": Chart("traffic", "1/s", partial(_status, first)) for first in "2345"},
    "cpu_cores": Chart("usage", "cores", partial(_mean, "cpu")),
    "memory_bytes": Chart("usage", "bytes", partial(_mean, "memory")),
    **{f"replicas_{name}": Chart("replicas", "1", partial(_count, name)) for name in ("wanted", "running", "ready")},
}

RESPONSES_BY_CLASS = "responses_by_class"
CLASSES: Mapping[str | None, Chart] = {f"{first}xx": CHARTS[f"status_{first}xx"] for first in "2345"}
"""The parts of `responses_by_class`, which only `…/charts` has: label → the metric that it is."""


def parts_of(metric: str) -> Mapping[str | None, Chart] | None:
    """A metric's parts by their labels; most have one, without a label. None: there is no such metric."""
    if metric == RESPONSES_BY_CLASS:
        return CLASSES
    return {None: CHARTS[metric]} if metric in CHARTS else None
