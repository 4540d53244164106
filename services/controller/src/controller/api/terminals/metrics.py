"""What is counted of sessions inside pods."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge


class TerminalMetrics:
    """Sessions and their bytes."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.open = Gauge("penstock_terminal_sessions", "Sessions inside pods that are open.", registry=registry)
        self.ended = Counter(
            "penstock_terminal_sessions_ended",
            "Sessions inside pods that are over, or were refused, by the code that their connection was closed with.",
            ["code"],
            registry=registry,
        )
        self.bytes = Counter(
            "penstock_terminal_bytes",
            "Bytes of sessions inside pods, by direction (in: typed, out: printed).",
            ["direction"],
            registry=registry,
        )
