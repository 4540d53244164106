"""The metrics of the loops, and of what they measure, for Prometheus."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from shared.contracts.metrics.samples import UsageSample


class UsageCollector(Collector):
    """The last measurement of pods and versions; what was not measured, such as a GPU that is not there, is absent."""

    def __init__(self) -> None:
        self.sample: UsageSample | None = None

    def collect(self) -> Iterator[Metric]:
        """Every family of metrics, those without a value too."""
        pods, versions = (self.sample.pods, self.sample.versions) if self.sample else ((), ())
        for name, help_text, field in (
            ("penstock_pod_cpu_cores", "Cores that a pod uses.", "cpu_cores"),
            ("penstock_pod_memory_bytes", "Memory that a pod uses.", "memory_bytes"),
            ("penstock_pod_gpu_utilisation_ratio", "GPUs that a pod keeps busy; 1 is a whole one.", "gpu_utilisation"),
            ("penstock_pod_gpu_memory_bytes", "GPU memory that a pod uses.", "gpu_memory_bytes"),
        ):
            family = GaugeMetricFamily(name, help_text, labels=("service", "version", "pod"))
            for pod in pods:
                if (value := getattr(pod, field)) is not None:
                    family.add_metric((pod.service, pod.version, pod.pod), value)
            yield family
        replicas = GaugeMetricFamily(
            "penstock_version_pods", "Pods of a version, by state.", labels=("service", "version", "state")
        )
        for version in versions:
            for state in ("wanted", "running", "ready"):
                replicas.add_metric((version.service, version.version, state), getattr(version, state))
        yield replicas


class SchedulerMetrics:
    """The metrics that the loops set."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.usage = UsageCollector()
        registry.register(self.usage)
        self.pods = Gauge("penstock_scheduler_pods", "Pods by status.", ["status"], registry=registry)
        self.ready = Gauge("penstock_scheduler_ready_pods", "Pods that answer.", registry=registry)
        self.restarts = Gauge(
            "penstock_scheduler_pod_restarts",
            "Restarts of the pods that there are, and of the processes in them that run the model.",
            ["service", "version"],
            registry=registry,
        )
        self._output_left_out = Counter(
            "penstock_scheduler_output_lines_left_out",
            "Lines of pods that print more than they may.",
            ["service"],
            registry=registry,
        )
        self.terminals = Gauge("penstock_scheduler_terminals", "Sessions that are open in pods.", registry=registry)
        self.reconcile = Histogram(
            "penstock_scheduler_reconcile_seconds", "One pass over everything.", registry=registry
        )

    def count_output_left_out(self, service: str, lines: int) -> None:
        """Lines of a service's pods that were not sent on."""
        self._output_left_out.labels(service).inc(lines)
