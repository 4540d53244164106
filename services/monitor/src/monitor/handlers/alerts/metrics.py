"""What the monitor measures of its alerts and their deliveries."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge


class AlertMetrics:
    """Open alerts, deliveries by outcome, what waits."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self._open = Gauge(
            "penstock_alerts_open",
            "Alerts that are open, by severity and state.",
            ("severity", "state"),
            registry=registry,
        )
        self._deliveries = Counter(
            "penstock_alert_deliveries",
            "Attempts to send, by channel and outcome (sent, retry, rejected, channel_dead).",
            ("channel", "outcome"),
            registry=registry,
        )
        self._waiting = Gauge(
            "penstock_alert_deliveries_waiting", "Deliveries that wait, by channel.", ("channel",), registry=registry
        )
        self._oldest = Gauge(
            "penstock_alert_delivery_oldest_waiting_seconds",
            "Age of the oldest delivery that waits, by channel.",
            ("channel",),
            registry=registry,
        )
        self._dead = Gauge(
            "penstock_alert_channel_dead", "1 while a channel accepts nothing until it is changed.", ("channel",),
            registry=registry,
        )  # fmt: skip

    def count_attempt(self, channel: str, outcome: str) -> None:
        """An attempt has ended."""
        self._deliveries.labels(channel, outcome).inc()

    def show(
        self,
        opened: Mapping[tuple[str, str], int],
        waiting: Mapping[str, tuple[int, datetime]],
        dead: Mapping[str, bool],
        now: datetime,
    ) -> None:
        """Open alerts by (severity, state); what waits, and whether it is dead, by name of the channel."""
        self._open.clear()
        for severity in ("warning", "critical"):
            self._open.labels(severity, "open").set(0)
        for (severity, state), count in opened.items():
            self._open.labels(severity, state).set(count)
        for gauge in (self._waiting, self._oldest, self._dead):
            gauge.clear()
        for channel, (count, oldest) in waiting.items():
            self._waiting.labels(channel).set(count)
            self._oldest.labels(channel).set(max((now - oldest).total_seconds(), 0.0))
        for channel, is_dead in dead.items():
            self._dead.labels(channel).set(is_dead)
