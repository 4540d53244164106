"""Each service handles the events, and serves the methods, that the catalogues say: nothing is opened for that."""

from __future__ import annotations

from typing import Any

import pytest

import controller.consumers.events
import controller.consumers.inference_logger
import controller.consumers.monitor
import controller.consumers.router
import controller.consumers.scheduler
import inference_logger.consumers.calls
import inference_logger.consumers.labels
import monitor.consumers.alerts
import monitor.consumers.calls
import monitor.consumers.canaries
import monitor.consumers.retraining
import monitor.consumers.rules
import scheduler.consumers
from shared.bus import Bus
from shared.clock import SystemClock
from shared.contracts.rpc.catalogue import METHODS
from shared.events import CATALOGUE, RequestLogged

UNUSED: Any = object()
"""Stands for what handlers need only when they are called."""
SERVICES = ("controller", "scheduler", "monitor", "inference-logger")


def declared_by(service: str) -> Bus:
    """The bus of a service with everything that it consumes and serves."""
    bus = Bus(service, "nats://127.0.0.1:1", clock=SystemClock(), database=UNUSED)
    match service:
        case "controller":
            controller.consumers.events.subscribe(bus, UNUSED, UNUSED, UNUSED)
            controller.consumers.scheduler.serve_deployments(bus, UNUSED)
            controller.consumers.scheduler.serve_registry_access(bus, UNUSED)
            controller.consumers.scheduler.serve_secret_values(bus, UNUSED, UNUSED)
            controller.consumers.scheduler.serve_image_secrets(bus, UNUSED, UNUSED)
            controller.consumers.inference_logger.serve_destinations(bus, UNUSED, UNUSED)
            controller.consumers.inference_logger.serve_erasures(bus, UNUSED, UNUSED)
            controller.consumers.inference_logger.serve_label_sources(bus, UNUSED, UNUSED, ())
            controller.consumers.monitor.serve_alerting(bus, UNUSED, UNUSED, UNUSED, None)
            controller.consumers.monitor.serve_monitors(bus, UNUSED, UNUSED, UNUSED)
            controller.consumers.monitor.serve_retraining(bus, UNUSED, UNUSED, ())
            controller.consumers.router.serve_masking_keys(bus, UNUSED, UNUSED, UNUSED)
        case "scheduler":
            scheduler.consumers.consume_intent(bus, UNUSED, UNUSED, UNUSED)
            scheduler.consumers.serve_pods(bus, UNUSED, UNUSED, UNUSED)
            scheduler.consumers.serve_terminals(bus, UNUSED, UNUSED, UNUSED)
            scheduler.consumers.serve_nodes(bus, UNUSED, UNUSED)
            scheduler.consumers.serve_environments(bus, UNUSED)
            scheduler.consumers.serve_runs(bus, UNUSED, UNUSED)
            scheduler.consumers.serve_jobs(bus, UNUSED, UNUSED, UNUSED)
        case "monitor":
            monitor.consumers.alerts.serve_alerts(bus, UNUSED, UNUSED, UNUSED)
            monitor.consumers.calls.subscribe(bus, UNUSED, UNUSED, UNUSED, UNUSED)
            monitor.consumers.canaries.serve_canaries(bus, UNUSED, UNUSED, UNUSED)
            monitor.consumers.rules.serve_rules(bus, UNUSED, UNUSED, UNUSED)
            monitor.consumers.retraining.subscribe_retraining(bus, UNUSED)
        case "inference-logger":
            inference_logger.consumers.calls.subscribe(bus, UNUSED, UNUSED, UNUSED)
            inference_logger.consumers.calls.serve_destinations(bus, UNUSED, UNUSED, UNUSED)
            inference_logger.consumers.calls.serve_metric_tables(bus, UNUSED, UNUSED)
            inference_logger.consumers.calls.serve_signatures(bus, UNUSED)
            inference_logger.consumers.labels.serve_labels(bus, UNUSED)
            inference_logger.consumers.labels.serve_label_sources(bus, UNUSED)
            inference_logger.consumers.calls.serve_erasures(bus, UNUSED, UNUSED)
    return bus


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_handles_the_events_that_the_catalogue_says(service: str) -> None:
    handled = {event for events in declared_by(service).consumed_events.values() for event in events}

    assert handled == {
        entry.event for entry in CATALOGUE if service in entry.consumers and entry.event is not RequestLogged
    }


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_serves_its_methods_of_the_catalogue(service: str) -> None:
    assert declared_by(service).served_methods == {method for method in METHODS if method.service == service}
