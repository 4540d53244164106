"""Calls to the API server are counted by verb and resource, and by no name of an object."""

from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from scheduler.backends.kubernetes.api.calls import ApiCalls, verb_and_resource

PODS = "/api/v1/namespaces/models/pods"
DEPLOYMENTS = "/apis/apps/v1/namespaces/models/deployments"


@pytest.mark.parametrize(
    ("method", "path", "query", "expected"),
    [
        ("GET", PODS, {"limit": "500"}, ("list", "pods")),
        ("GET", PODS, {"watch": "true"}, ("watch", "pods")),
        ("GET", f"{PODS}/a", {}, ("get", "pods")),
        ("GET", f"{PODS}/a/log", {"follow": "true"}, ("get", "pods/log")),
        ("POST", f"{PODS}/a/eviction", {}, ("create", "pods/eviction")),
        ("PATCH", f"{DEPLOYMENTS}/a", {}, ("patch", "deployments.apps")),
        ("DELETE", f"{DEPLOYMENTS}/a", {}, ("delete", "deployments.apps")),
        ("GET", "/api/v1/nodes", {}, ("list", "nodes")),
        ("GET", "/api/v1/nodes/a/proxy/stats/summary", {}, ("get", "nodes/proxy")),
        ("GET", "/apis/metrics.k8s.io/v1beta1/namespaces/models/pods", {}, ("list", "pods.metrics.k8s.io")),
        ("GET", "/api/v1/namespaces/models", {}, ("get", "namespaces")),
        ("GET", "/version", {}, ("get", "version")),
    ],
)
def test_verbs_and_resources(method: str, path: str, query: dict[str, str], expected: tuple[str, str]) -> None:
    assert verb_and_resource(method, path, query) == expected


def test_they_are_metrics() -> None:
    calls, registry = ApiCalls(), CollectorRegistry()
    registry.register(calls)
    for name in ("a", "b"):
        calls.count("PATCH", f"{DEPLOYMENTS}/{name}", {})
    line = b'penstock_scheduler_kubernetes_calls_total{resource="deployments.apps",verb="patch"} 2.0'
    assert line in generate_latest(registry)
