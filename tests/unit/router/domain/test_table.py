"""The route table, value by value of the bucket."""

from __future__ import annotations

from uuid import UUID, uuid4

import orjson
import pytest

from router.domain.routes.explain import explain_no_pod
from router.domain.routes.table import RouteTable
from router.domain.traffic_counters import TrafficTallies
from shared.contracts.routes import Intent, PodEndpoint, RateLimit, VersionEndpoints, VersionRoute
from shared.errors import InvalidInput

V1, V2 = uuid4(), uuid4()


def table_of(*pods: str, weight: int = 100) -> RouteTable:
    table = RouteTable(TrafficTallies())
    apply_intent(table, weight)
    apply_pods(table, *pods)
    return table


def apply_intent(table: RouteTable, weight: int = 100, limit: RateLimit | None = None) -> None:
    route = VersionRoute(version_id=V1, version="v1", model="wine/1", weight=weight, rate_limit=limit)
    intent = Intent(service_id=UUID(int=1), service="wine", revision=1, auth_enabled=True, versions=(route,))
    table.apply("intent.wine", intent.model_dump_json().encode())


def apply_pods(table: RouteTable, *pods: str) -> None:
    endpoints = VersionEndpoints(
        version_id=V1,
        service="wine",
        version="v1",
        revision=1,
        pods=tuple(PodEndpoint(pod=pod, address="127.0.0.1:1") for pod in pods),
    )
    table.apply(f"endpoints.{V1}", endpoints.model_dump_json().encode())


def test_pods_keep_their_state_when_others_come_and_go() -> None:
    table = table_of("a", "b")
    a, b = table.pods()
    a.outstanding = 3
    apply_pods(table, "a", "c")
    assert next(iter(table.pods())) is a
    assert (a.is_retired, b.is_retired) == (False, True)
    apply_intent(table, weight=10)
    assert next(iter(table.pods())) is a


def test_what_is_recorded_names_the_generation_of_the_pod() -> None:
    table = table_of("a")
    (pod,) = table.pods()
    assert orjson.loads(pod.route)["generation"] is None
    endpoint = PodEndpoint(pod="a", address="127.0.0.1:1", generation=7)
    endpoints = VersionEndpoints(version_id=V1, service="wine", version="v1", revision=2, pods=(endpoint,))
    table.apply(f"endpoints.{V1}", endpoints.model_dump_json().encode())
    assert next(iter(table.pods())) is pod
    assert orjson.loads(pod.route)["generation"] == 7
    version = table.services["wine"].versions["v1"]
    assert orjson.loads(pod.route) | {"generation": None} == orjson.loads(version.route)


def test_only_versions_with_a_limit_have_a_limiter() -> None:
    table = RouteTable(TrafficTallies())
    limited = VersionRoute(version_id=V1, version="v1", model="wine/1", weight=50, rate_limit=RateLimit(qps=5, burst=5))
    free = VersionRoute(version_id=V2, version="v2", model="wine/2", weight=50)
    intent = Intent(service_id=UUID(int=1), service="wine", revision=1, auth_enabled=True, versions=(limited, free))
    table.apply("intent.wine", intent.model_dump_json().encode())

    ((version, limiter),) = table.limiters()

    assert version == V1
    assert limiter.take_token(100.0) == 0.0


def test_a_change_of_routes_gives_nobody_new_tokens_and_a_new_limit_counts_anew() -> None:
    table = RouteTable(TrafficTallies())
    apply_intent(table, limit=RateLimit(qps=5, burst=5))
    ((_, first),) = table.limiters()
    apply_intent(table, weight=10, limit=RateLimit(qps=5, burst=5))
    assert [limiter for _, limiter in table.limiters()] == [first]
    apply_intent(table, weight=10, limit=RateLimit(qps=7, burst=5))
    ((_, second),) = table.limiters()
    assert (second is first, second.limit.qps) == (False, 7)
    apply_intent(table)
    assert list(table.limiters()) == []


def test_endpoints_may_come_before_their_intent() -> None:
    table = RouteTable(TrafficTallies())
    apply_pods(table, "a")
    apply_intent(table)
    assert [pod.name for pod in table.pods()] == ["a"]


def test_a_deleted_service_leaves_no_path() -> None:
    table = table_of("a")
    (pod,) = table.pods()
    assert b"/wine/predict" in table.paths
    assert b"/wine/versions/v1/invocations" in table.paths
    table.apply("intent.wine", None)
    assert table.paths == {}
    assert pod.is_retired


@pytest.mark.parametrize(
    ("key", "value"), [("intent.wine", b"{}"), ("endpoints.x", b"{}"), ("keys.wine", b"nonsense"), ("other.x", b"")]
)
def test_garbage_changes_nothing(key: str, value: bytes) -> None:
    table = table_of("a")
    with pytest.raises(InvalidInput):
        table.apply(key, value)
    assert b"/wine/predict" in table.paths


def test_routes_of_before_the_fallback_and_the_phase_are_read() -> None:
    table = table_of("a")
    value = Intent(service_id=UUID(int=1), service="wine", revision=1, auth_enabled=True, versions=()).model_dump()
    route = VersionRoute(version_id=V1, version="v1", model="wine/1", weight=100).model_dump(mode="json")
    route.pop("phase")
    value.pop("fallback")
    table.apply("intent.wine", orjson.dumps({**value, "service_id": str(UUID(int=1)), "versions": [route]}))
    service = table.services["wine"]
    assert [version.name for version in service.candidates] == ["v1"]
    assert (service.fallback, service.versions["v1"].phase) == (None, None)
    apply_pods(table)
    assert explain_no_pod(table.services["wine"]).message == (
        "Service 'wine' cannot answer now: version v1 has no ready pod."
    )
