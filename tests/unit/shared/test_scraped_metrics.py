"""Names of metrics are well-formed; alert rules and the dashboard ask for metrics that there are."""

from __future__ import annotations

import subprocess
from uuid import UUID

import pytest
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest

from controller.api.middleware.request_metrics import RequestMetricsMiddleware
from inference_logger import metrics as of_logger
from monitor.handlers.alerts.metrics import AlertMetrics
from router.api import RouterMetricsCollector
from router.domain.traffic_counters import TrafficTallies
from router.spool import SpoolState
from scheduler.loops.metrics import SchedulerMetrics
from scraped_metrics import DEPLOY, asked_for, names_of, problems_of
from servers.prometheus_process import binary
from shared.bus.metrics import BusMetrics
from shared.clock import SystemClock
from shared.contracts.metrics.samples import PodUsage, UsageSample, VersionReplicas


@pytest.fixture(scope="module")
def scraped() -> str:
    """What all services together say, with traffic and pods."""
    registry = CollectorRegistry()
    BusMetrics(registry)
    AlertMetrics(registry)
    for made in (of_logger.TableMetrics, of_logger.DestinationMetrics, of_logger.LogMetrics, of_logger.SourceMetrics):
        made(registry)
    RequestMetricsMiddleware(lambda *_: None, clock=SystemClock(), registry=registry)  # type: ignore[arg-type]
    ProcessCollector(registry=registry)
    scheduler = SchedulerMetrics(registry)
    version = UUID(int=1)
    pod = PodUsage(service="s", version="v1", version_id=version, pod="p", cpu_cores=0.5, memory_bytes=1, ready=True)
    replicas = VersionReplicas(service="s", version="v1", version_id=version, wanted=1, running=1, ready=1)
    now = SystemClock().now()
    scheduler.usage.sample = UsageSample(source="s", at=now, pods=(pod,), versions=(replicas,))
    tallies = TrafficTallies()
    tally = tallies.of_pod("s", "v1", version, "p")
    tally.count_response(200, 0.02, 1, 1)
    tally.throttled += 1
    state = SpoolState(**dict.fromkeys(SpoolState.__dataclass_fields__, 0))
    registry.register(RouterMetricsCollector(tallies, lambda: state, lambda: True))
    return generate_latest(registry).decode()


def test_names_are_well_formed(scraped: str) -> None:
    assert problems_of(scraped) == []
    assert problems_of("# HELP penstock_x_total x\n# TYPE penstock_x_total gauge\npenstock_x_total 1\n") == [
        "penstock_x_total is a gauge"
    ]


def test_rules_and_panels_ask_for_metrics_that_there_are(scraped: str) -> None:
    assert len(asked_for()) > 20
    assert asked_for() - names_of(scraped) == set()


def test_a_gpu_that_is_not_there_has_no_sample(scraped: str) -> None:
    lines = [line for line in scraped.splitlines() if "gpu" in line]
    assert lines
    assert all(line.startswith("#") for line in lines)


def test_promtool_has_nothing_to_say(scraped: str) -> None:
    tool = binary("promtool")
    said = subprocess.run([tool, "check", "metrics"], input=scraped, capture_output=True, text=True, check=False)
    ours = [line for line in (said.stdout + said.stderr).splitlines() if line.startswith("penstock")]
    assert ours == []
    folder = DEPLOY / "prometheus"
    for command in (("check", "config", "prometheus.yml"), ("test", "rules", "alerts_test.yml")):
        done = subprocess.run([tool, *command], cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
