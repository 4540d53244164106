"""What the traffic of services is now: of the last minute, and of the last 15, minute by minute."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from monitor.domain.metrics.charts import CHARTS
from monitor.domain.metrics.entries import NOT_ROUTED, NOTHING, Entries, Series
from monitor.domain.metrics.rollup import MINUTE_S, step_start
from monitor.domain.metrics.series import REPORTED_AFTER_S, Floats, Merged, Steps, by_series, dense
from shared.contracts.rpc.monitor import RECENT_STEP_S

SPARKLINE_MINUTES = 15
LONG_AFTER = 2**40


@dataclass(frozen=True)
class SummaryWindow:
    """Which seconds are summed up. The sparkline has whole minutes alone; the last minute is by 10 s."""

    now: int

    @property
    def sparkline_end(self) -> int:
        """The end of the last minute of which everything has been reported."""
        return step_start(self.now - REPORTED_AFTER_S, MINUTE_S)

    @property
    def sparkline_start(self) -> int:
        """The start of the first minute."""
        return self.sparkline_end - SPARKLINE_MINUTES * MINUTE_S

    @property
    def until(self) -> int:
        """The end of the minute that goes on."""
        return step_start(self.now, MINUTE_S) + MINUTE_S

    @property
    def recent_end(self) -> int:
        """The end of the last 10 s of which everything has been reported."""
        return step_start(self.now - REPORTED_AFTER_S, RECENT_STEP_S)

    @property
    def recent_start(self) -> int:
        """A minute before."""
        return self.recent_end - MINUTE_S


@dataclass(frozen=True)
class Measured:
    """Entries of services in a window: the last minute's traffic by 10 s, the rest by minutes."""

    traffic: Entries = NOTHING
    latency: Entries = NOTHING
    counted: Entries = NOTHING
    recent: Entries = NOTHING


@dataclass
class ServiceTraffic:
    """What the traffic of a service is; None: nothing was measured."""

    requests_per_second: float | None = None
    errors_per_second: float | None = None
    latency_p99_s: float | None = None
    sparkline: tuple[float | None, ...] = field(default=(None,) * SPARKLINE_MINUTES)


def summarised(services: tuple[str, ...], measured: Measured, window: SummaryWindow) -> dict[str, ServiceTraffic]:
    """The traffic of each service."""
    found = {service: ServiceTraffic() for service in services}
    counted = _merged(measured.counted, window.sparkline_start, MINUTE_S, window.until)
    minutes = _merged(measured.traffic, window.sparkline_start, MINUTE_S, window.until)
    for group, values in by_series(CHARTS["requests_per_second"].read(minutes), minutes, counted):
        found[group.service].sparkline = dense(values[:SPARKLINE_MINUTES])
    whole = window.until - window.sparkline_start
    of_all = _merged(measured.latency, window.sparkline_start, whole, window.until)
    for service, value in _first_of(CHARTS["latency_p99"].read(of_all), of_all).items():
        found[service].latency_p99_s = value
    recent = _merged(measured.recent, window.recent_start, MINUTE_S, window.recent_end)
    rates = _first_of(CHARTS["requests_per_second"].read(recent), recent)
    errors = _first_of(CHARTS["status_5xx"].read(recent), recent)
    alive = -((window.sparkline_start - window.recent_start) // MINUTE_S) - 1
    for service, traffic in found.items():
        places = counted.places(Series(service, NOT_ROUTED, NOT_ROUTED))
        if rates.get(service) or np.any(places[max(0, alive) :]):
            traffic.requests_per_second = rates.get(service, 0.0)
            traffic.errors_per_second = errors.get(service, 0.0)
    return found


def _merged(entries: Entries, start: int, step_s: int, end: int) -> Merged:
    return Merged("none", Steps(start, step_s, -((start - end) // step_s), LONG_AFTER), entries)


def _first_of(table: Floats, merged: Merged) -> Mapping[str, float]:
    return {
        group.service: value
        for group, values in by_series(table, merged, None)
        for value in dense(values)[:1]
        if value is not None
    }
