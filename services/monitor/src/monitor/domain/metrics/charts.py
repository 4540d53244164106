"""Metrics by name: which entries they read, how a step's value comes out of them, in which unit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from monitor.domain.metrics.entries import Kind
from monitor.domain.metrics.fields import DROPPED, MILLION, STATUS
from monitor.domain.metrics.series import SHARES, Floats, Merged


@dataclass(frozen=True)
class Chart:
    """One metric. `read` gets merged entries and returns a line for each series; NaN leaves a gap."""

    kind: Kind
    unit: str
    read: Callable[[Merged], Floats]

    @property
    def is_zero_when_idle(self) -> bool:
        """Whether pods that were there and got no request have a value: there is none of a latency."""
        return self.kind == "traffic"


def _per_second(name: str, merged: Merged) -> Floats:
    return merged.where_reported(merged.totals(name) / merged.reported_s)


def _status(first: str, merged: Merged) -> Floats:
    return merged.where_reported(merged.totals(STATUS + first, is_prefix=True) / merged.reported_s)


def _total(name: str, merged: Merged) -> Floats:
    return merged.where_reported(merged.totals(name))


def _dropped(merged: Merged) -> Floats:
    return merged.where_reported(merged.totals(DROPPED, is_prefix=True))


def _in_flight(merged: Merged) -> Floats:
    return merged.where_reported(merged.most_in_flight())


def _latency(name: str, merged: Merged) -> Floats:
    return merged.where_reported(merged.percentiles(name))


def _mean(name: str, divisor: int, merged: Merged) -> Floats:
    return merged.means(name) / divisor


def _last(name: str, merged: Merged) -> Floats:
    return merged.last(name)


CHARTS: Mapping[str, Chart] = {
    "requests_per_second": Chart("traffic", "1/s", partial(_per_second, "requests")),
    "throttled_per_second": Chart("traffic", "1/s", partial(_per_second, "throttled")),
    "bytes_in_per_second": Chart("traffic", "bytes/s", partial(_per_second, "bytes_in")),
    "bytes_out_per_second": Chart("traffic", "bytes/s", partial(_per_second, "bytes_out")),
    "requests": Chart("traffic", "1", partial(_total, "requests")),
    "records_logged": Chart("traffic", "1", partial(_total, "logged")),
    "records_dropped": Chart("traffic", "1", _dropped),
    "in_flight": Chart("traffic", "1", _in_flight),
    **{f"latency_{name}": Chart("latency", "s", partial(_latency, name)) for name in SHARES},
    **{f"status_{first}xx": Chart("traffic", "1/s", partial(_status, first)) for first in "2345"},
    "cpu_cores": Chart("usage", "cores", partial(_mean, "cpu", MILLION)),
    "memory_bytes": Chart("usage", "bytes", partial(_mean, "memory", 1)),
    "gpu_utilisation": Chart("usage", "1", partial(_mean, "gpu", MILLION)),
    "gpu_memory_bytes": Chart("usage", "bytes", partial(_mean, "gpu_memory", 1)),
    **{f"replicas_{name}": Chart("replicas", "1", partial(_last, name)) for name in ("wanted", "running", "ready")},
}

RESPONSES_BY_CLASS = "responses_by_class"
CLASSES: Mapping[str | None, Chart] = {f"{first}xx": CHARTS[f"status_{first}xx"] for first in "2345"}
"""The parts of `responses_by_class`, which only `…/charts` has: label → the metric that it is."""


def parts_of(metric: str) -> Mapping[str | None, Chart] | None:
    """A metric's parts by their labels; most have one, without a label. None: there is no such metric."""
    if metric == RESPONSES_BY_CLASS:
        return CLASSES
    return {None: CHARTS[metric]} if metric in CHARTS else None
