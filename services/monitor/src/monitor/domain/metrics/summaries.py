"""What the traffic of a service is now: of the last minute, and of the last 15, minute by minute."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from monitor.domain.metrics.latency import quantile
from monitor.domain.metrics.rollup import MINUTE_S, PodMinute, TrafficSums, step_start
from monitor.domain.metrics.series import REPORTED_AFTER_S
from shared.contracts.rpc.monitor import RECENT_STEP_S

SPARKLINE_MINUTES = 15


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
    def recent_end(self) -> int:
        """The end of the last 10 s of which everything has been reported."""
        return step_start(self.now - REPORTED_AFTER_S, RECENT_STEP_S)

    @property
    def recent_start(self) -> int:
        """A minute before."""
        return self.recent_end - MINUTE_S


@dataclass
class ServiceTraffic:
    """What was measured of one service."""

    counted: set[int] = field(default_factory=set)
    minutes: dict[int, TrafficSums] = field(default_factory=lambda: defaultdict(TrafficSums))
    recent: TrafficSums = field(default_factory=TrafficSums)

    def rates(self, window: SummaryWindow) -> tuple[float | None, float | None]:
        """Requests and answers 5xx per second in the last minute; None: nothing was measured."""
        if not self.recent.requests and not any(minute >= window.recent_start - MINUTE_S for minute in self.counted):
            return None, None
        errors = sum(count for code, count in self.recent.status.items() if code.startswith("5"))
        return round(self.recent.requests / MINUTE_S, 6), round(errors / MINUTE_S, 6)

    def latency_p99_s(self) -> float | None:
        """Of all requests of these 15 minutes, and of those since."""
        total = TrafficSums()
        for sums in self.minutes.values():
            total.add(sums)
        return quantile(total.latency_bins, 0.99)

    def sparkline(self, window: SummaryWindow) -> tuple[float | None, ...]:
        """Requests per second of each minute."""
        minutes = range(window.sparkline_start, window.sparkline_end, MINUTE_S)
        return tuple(self._per_second(minute) for minute in minutes)

    def _per_second(self, minute: int) -> float | None:
        if minute in self.minutes:
            return round(self.minutes[minute].requests / MINUTE_S, 6)
        return 0.0 if minute in self.counted else None


def add_minutes(found: dict[str, ServiceTraffic], rows: Iterable[tuple[PodMinute, TrafficSums]]) -> None:
    """Add rows of minutes to their services."""
    for key, sums in rows:
        found[key.service].minutes[key.minute].add(sums)


def add_recent(found: dict[str, ServiceTraffic], rows: Iterable[tuple[PodMinute, TrafficSums]]) -> None:
    """Add rows of the last minute to their services."""
    for key, sums in rows:
        found[key.service].recent.add(sums)
