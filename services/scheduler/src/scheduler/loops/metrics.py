"""The metrics of the loops, for Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Gauge, Histogram


class SchedulerMetrics:
    """The metrics that the loops set."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.pods = Gauge("penstock_scheduler_pods", "Pods by status.", ["status"], registry=registry)
        self.ready = Gauge("penstock_scheduler_ready_pods", "Pods that answer.", registry=registry)
        self.restarts = Gauge(
            "penstock_scheduler_pod_restarts",
            "Restarts of the pods that there are, and of the processes in them that run the model.",
            ["service", "version"],
            registry=registry,
        )
        self.reconcile = Histogram(
            "penstock_scheduler_reconcile_seconds", "One pass over everything.", registry=registry
        )
