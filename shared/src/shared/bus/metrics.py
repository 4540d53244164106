"""What a process counts about its part of the bus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge


class BusMetrics:
    """Counters and gauges of one `Bus`."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        registry = registry or CollectorRegistry()
        self.settled = Counter(
            "penstock_bus_events_settled",
            "Events settled, by what became of them.",
            ["durable", "verdict"],
            registry=registry,
        )
        self.max_deliveries = Counter(
            "penstock_bus_max_deliveries", "Events that the server stopped delivering.", ["durable"], registry=registry
        )
        self.publish_unknown = Counter(
            "penstock_bus_publish_unknown",
            "Publishes whose outcome stayed unknown; each is repeated.",
            registry=registry,
        )
        self.repaired = Counter(
            "penstock_bus_repaired",
            "Streams, buckets and durables made anew or updated while running.",
            registry=registry,
        )
        self.reconnects = Counter(
            "penstock_bus_reconnects", "Connections to the bus after the first.", registry=registry
        )
        self.connected = Gauge("penstock_bus_connected", "1 while the bus can be reached.", registry=registry)
        self.outbox_waiting = Gauge(
            "penstock_bus_outbox_waiting", "Events in the outbox's last batch.", registry=registry
        )
