"""Facts of the scheduler become status; intent becomes routes; both converge again whatever was lost."""

from __future__ import annotations

import asyncio
import hashlib
import statistics
import time
from typing import Any
from uuid import UUID

import pytest

from running_services.running_controller import Controller, Peers, wine
from servers.nats_process import NatsProcess
from shared.contracts.deployment import VersionState
from shared.contracts.routes import ROUTES_BUCKET
from shared.contracts.rpc.controller import DEPLOYMENTS, DeploymentList
from shared.contracts.rpc.method import Nothing
from shared.events.pod import PodNotReady, PodReady
from shared.events.version import VersionDrained, VersionFailed, VersionReady
from waiting.eventually import eventually


@pytest.fixture
async def service(controller: Controller) -> dict[str, Any]:
    body = {"name": "wine", "start": True, "monitors": False, "version": wine(log_delivery={"enabled": True})}
    made: dict[str, Any] = await controller.call("POST", "/services", 201, json=body)
    return made


def about(version: dict[str, Any], service: dict[str, Any], generation: int = 1) -> dict[str, Any]:
    return {
        "service_id": UUID(service["id"]),
        "service": service["name"],
        "version_id": UUID(version["id"]),
        "version": version["name"],
        "generation": generation,
    }


async def listed(controller: Controller) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await controller.call("GET", "/services/wine/versions"))["items"]
    return found


async def has_status(controller: Controller, status: str, version: str = "v1") -> Any:
    async def reached() -> Any:
        seen = await controller.call("GET", f"/services/wine/versions/{version}")
        return seen if seen["status"] == status else None

    return await eventually(reached)


async def weights_are(controller: Controller, wanted: dict[str, int]) -> None:
    async def reached() -> bool:
        route = await controller.route("intent.wine")
        return route is not None and {v["version"]: v["weight"] for v in route["versions"]} == wanted

    await eventually(reached)


async def test_a_version_lives_through_its_states(
    controller: Controller, peers: Peers, service: dict[str, Any]
) -> None:
    facts = about(service["versions"][0], service)
    await peers.say(VersionReady(**facts, ready_replicas=1))
    running = await has_status(controller, "running")
    assert running["ready_replicas"] == 1
    assert (await controller.call("GET", "/services/wine"))["running_versions"] == 1
    pod = {**facts, "pod": "p", "desired_replicas": 1}
    await peers.say(PodNotReady(**pod, reason="probe failed", ready_replicas=0))
    assert (await has_status(controller, "degraded"))["reason"] == "probe failed"
    assert (await controller.call("GET", "/services/wine"))["status"] == "degraded"
    check = {
        "load_ms": 12.5,
        "example": {"status": "failed", "rows": 0, "duration_ms": None, "message": "a column is missing"},
        "row_wise": False,
        "row_wise_reason": "probe",
        "row_wise_message": None,
        "has_signature": True,
    }
    await peers.say(PodReady(**pod, address="127.0.0.1:1", ready_replicas=1, check=check))
    again = await has_status(controller, "running")
    assert (again["reason"], again["check"]) == (None, check)
    await controller.call("POST", "/services/wine/stop")
    await peers.say(VersionReady(**facts, ready_replicas=1))  # late, of the generation before
    await peers.say(VersionDrained(**{**facts, "generation": 2}))
    await has_status(controller, "stopped")
    await controller.call("DELETE", "/services/wine", 204)
    await eventually(lambda: gone(controller, "intent.wine", "keys.wine"))


async def gone(controller: Controller, *keys: str) -> bool:
    return [await controller.route(key) for key in keys] == [None] * len(keys)


async def test_a_failed_version_says_why_and_the_other_takes_its_share(
    controller: Controller, peers: Peers, service: dict[str, Any]
) -> None:
    await peers.say(VersionReady(**about(service["versions"][0], service), ready_replicas=1))
    second = await controller.call(
        "POST", "/services/wine/versions", 201, json=wine("2", start=True, traffic_weight=10)
    )
    await weights_are(controller, {"v1": 100, "v2": 0})  # v2 cannot serve yet
    await peers.say(VersionReady(**about(second, service), ready_replicas=1))
    await weights_are(controller, {"v1": 90, "v2": 10})
    await peers.say(
        VersionFailed(**about(second, service), reason="LoadFailed", message="no module x", log_tail=("a", "b"))
    )
    failed = await has_status(controller, "failed", "v2")
    assert (failed["reason"], failed["message"], failed["log_tail"]) == ("LoadFailed", "no module x", ["a", "b"])
    await weights_are(controller, {"v1": 100, "v2": 0})
    traffic = await controller.call("GET", "/services/wine/traffic")
    assert (traffic["weights"], traffic["effective"]) == ({"v1": 100}, {"v1": 100})
    shares = {each["name"]: each["traffic_weight"] for each in (await listed(controller))}
    assert shares == {"v1": 100, "v2": 10}  # 10: what it asks for when it starts again
    assert (await controller.call("GET", "/services/wine/versions/v1"))["status"] == "running"
    again = await controller.call("POST", "/services/wine/versions/v2/start")
    assert (again["status"], again["reason"], again["generation"]) == ("starting", None, 2)


async def test_a_service_whose_versions_failed_starts_all_of_them_with_their_shares(
    controller: Controller, peers: Peers, service: dict[str, Any]
) -> None:
    second = await controller.call(
        "POST", "/services/wine/versions", 201, json=wine("2", start=True, traffic_weight=10)
    )
    for stop_first in (False, True):
        for version in (service["versions"][0], second):
            generation = (await controller.call("GET", f"/services/wine/versions/{version['name']}"))["generation"]
            failed = VersionFailed(**about(version, service, generation), reason="LoadFailed", message="no module x")
            await peers.say(failed)
            await has_status(controller, "failed", version["name"])
        if stop_first:
            await controller.call("POST", "/services/wine/stop")
        started = await controller.call("POST", "/services/wine/start")
        assert [version["status"] for version in started["versions"]] == ["starting", "starting"]
        assert (await controller.call("GET", "/services/wine/traffic"))["weights"] == {"v1": 90, "v2": 10}


async def test_routes_say_what_callers_should_get(controller: Controller, service: dict[str, Any]) -> None:
    await eventually(lambda: controller.route("intent.wine"))
    change = {"rate_limit": {"qps": 5}, "request_timeout_ms": 1234, "max_concurrency": 3}
    await controller.call("PATCH", "/services/wine/versions/v1", json=change)

    async def changed() -> Any:
        route = await controller.route("intent.wine")
        return route if route and route["versions"][0]["request_timeout_ms"] == 1234 else None

    route = await eventually(changed)
    (version,) = route["versions"]
    assert (route["auth_enabled"], route["service_id"]) == (True, service["id"])
    assert (version["model"], version["weight"], version["log_enabled"]) == ("wine/1", 100, True)
    assert (version["rate_limit"]["qps"], version["max_concurrency"]) == (5, 3)
    await controller.call("POST", "/services/wine/stop")

    async def emptied() -> bool:
        route = await controller.route("intent.wine")
        return route is not None and not route["versions"]

    await eventually(emptied)


@pytest.mark.timed
async def test_a_revoked_key_is_gone_within_half_a_second(controller: Controller, service: dict[str, Any]) -> None:
    async def digests() -> list[str]:
        return [key["sha256"] for key in ((await controller.route("keys.wine")) or {"keys": []})["keys"]]

    took: list[float] = []
    for round_ in range(5):
        issued = await controller.call("POST", "/services/wine/keys", 201, json={"name": f"k{round_}"})
        digest = hashlib.sha256(issued["key"].encode()).hexdigest()

        async def opens(digest: str = digest) -> bool:
            return digest in await digests()

        async def shut(digest: str = digest) -> bool:
            return digest not in await digests()

        await eventually(opens)
        await controller.call("DELETE", f"/services/wine/keys/{issued['id']}", 204)
        started = time.monotonic()
        await eventually(shut)
        took.append(time.monotonic() - started)
    assert statistics.median(took) < 0.5, took


async def test_a_damaged_route_table_is_repaired_with_growing_revisions(
    controller: Controller, service: dict[str, Any]
) -> None:
    first = await eventually(lambda: controller.route("intent.wine"))
    bucket = controller.app.dependencies.bus.kv(ROUTES_BUCKET)
    await bucket.put("intent.wine", b'{"revision": 1000}')
    await bucket.put("intent.nobody", b"{}")
    await bucket.put("keys.wine", b"not json")
    await bucket.put("endpoints.x", b"the scheduler's")

    async def repaired() -> Any:
        is_right = await bucket.get("keys.wine") != b"not json" and await bucket.get("intent.nobody") is None
        route = await controller.route("intent.wine")
        return route if is_right and route and "service" in route else None

    second = await eventually(repaired)
    assert second["revision"] > 1000 > first["revision"]
    assert await bucket.get("endpoints.x") == b"the scheduler's"
    assert {**second, "revision": 0} == {**first, "revision": 0}

    await bucket.delete("intent.wine")
    third = await eventually(lambda: controller.route("intent.wine"))
    assert third == {**first, "revision": third["revision"]}
    assert third["revision"] > second["revision"]


async def test_the_api_answers_while_the_bus_is_away_and_everything_follows_later(
    controller: Controller, nats_server: NatsProcess, service: dict[str, Any]
) -> None:
    await eventually(lambda: controller.route("intent.wine"))
    nats_server.kill()
    issued = await controller.call("POST", "/services/wine/keys", 201, json={"name": "meanwhile"})
    await controller.call("PATCH", "/services/wine", json={"auth_enabled": False})
    for path in ("/versions/v1/pods", "/versions/v1/logs", "/logs?follow=true", "/metrics?metric=requests", "/events"):
        refused = await controller.call("GET", f"/services/wine{path}", 503)
        assert refused["error_code"] == "TEMPORARILY_UNAVAILABLE"
    await controller.call("GET", "/dead-letters", 503)
    nats_server.start()

    async def followed() -> bool:
        route, keys = await controller.route("intent.wine"), await controller.route("keys.wine")
        return bool(route and keys) and (route["auth_enabled"], len(keys["keys"])) == (False, 1)  # type: ignore[index]

    await eventually(followed)
    assert issued["id"] == (await controller.route("keys.wine") or {})["keys"][0]["id"]


async def test_events_reach_the_stream_in_order(controller: Controller, peers: Peers, service: dict[str, Any]) -> None:
    await controller.call("POST", "/services/wine/stop")
    seen = await peers.events(5)
    assert [kind for kind, _ in seen] == [
        "penstock.service.created.v1",
        "penstock.version.created.v1",
        "penstock.version.started.v1",
        "penstock.traffic.changed.v1",
        "penstock.version.stopped.v1",
    ]
    started, stopped = seen[2][1]["deployment"], seen[4][1]["deployment"]
    assert (started["generation"], started["desired_replicas"]) == (1, 1)
    assert (stopped["generation"], stopped["desired_replicas"]) == (2, 0)


async def test_the_scheduler_is_told_what_should_run(
    controller: Controller, peers: Peers, service: dict[str, Any]
) -> None:
    await controller.call("POST", "/services/wine/versions", 201, json=wine("2"))

    async def told() -> DeploymentList:
        answer = await peers.scheduler.call(DEPLOYMENTS, Nothing(), timeout=30)
        assert isinstance(answer, DeploymentList)
        return answer

    (only,) = (await told()).items  # the draft is not among them
    assert (only.version, only.desired_replicas, only.resources.cpu) == ("v1", 1, 1)
    assert (model := only.mlflow_source()) is not None
    assert model.model == "wine"
    await controller.call("POST", "/services/wine/stop")
    (only,) = (await told()).items
    assert (only.generation, only.desired_replicas) == (2, 0)


async def test_facts_that_were_lost_come_with_the_resync(
    controller: Controller, peers: Peers, service: dict[str, Any]
) -> None:
    state = {**about(service["versions"][0], service), "desired_replicas": 1}
    del state["service_id"]
    peers.states = (VersionState(**state, phase="running", ready_replicas=1),)
    await has_status(controller, "running")
    peers.states = (VersionState(**state, phase="failed", ready_replicas=0, reason="LoadFailed"),)
    assert (await has_status(controller, "failed"))["reason"] == "LoadFailed"


async def test_reads_of_what_others_own(controller: Controller, peers: Peers, service: dict[str, Any]) -> None:
    path = "/services/wine/versions/v1"
    pods = await controller.call("GET", f"{path}/pods")
    assert [pod["name"] for pod in pods["items"]] == ["wine-v1-0"]
    for _ in range(2):
        again = {"idempotency-key": "once"}
        await controller.call("POST", f"{path}/pods/wine-v1-0/restart", 202, headers=again)
    assert peers.restarted == ["wine-v1-0"]
    (line,) = (await controller.call("GET", "/audit?resource_kind=pod"))["items"]
    assert (line["action"], line["resource_name"], line["project"]) == ("restarted", "wine/v1/wine-v1-0", "default")
    await controller.call("POST", f"{path}/pods/nobody/restart", 404)
    await controller.call("POST", f"{path}/pods/..%2f/restart", 404)
    logs = await controller.call("GET", f"{path}/logs", params={"search": "hello", "page_size": 5})
    assert logs["items"][0]["text"] == "hello v1"
    events = await controller.call("GET", "/services/wine/events")
    assert events["items"][0]["reason"] == "Ready"
    metrics = await controller.call("GET", "/services/wine/metrics", params={"metric": "requests_per_second"})
    assert (metrics["unit"], metrics["series"]) == ("1/s", [{"labels": {"version": "all"}, "points": [[60, 1.5]]}])
    for wrong in ({}, {"metric": "x", "step": 1}, {"metric": "x", "from": "yesterday"}, {"metric": "x", "colour": 1}):
        await controller.call("GET", "/services/wine/metrics", 400, params=wrong)
    charts = await controller.call("GET", "/services/wine/charts", params={"metrics": "requests,requests", "step": 10})
    assert (charts["step_s"], [series["metric"] for series in charts["series"]]) == (10, ["requests"])
    asked = peers.asked_charts[-1]
    assert len(charts["series"][0]["values"]) == asked.count == (360 if asked.from_time.timestamp() % 10 else 361)
    for wrong in ({}, {"metrics": "a,,b"}, {"metrics": "a", "step": 90}, {"metrics": "a", "by": "colour"}):
        await controller.call("GET", "/services/wine/charts", 400, params=wrong)
    await controller.call("GET", "/services/wine/charts", 404, params={"metrics": "requests", "version": "v9"})
    for names in ([], ["nobody", "wine"]):
        found = await controller.call("GET", "/service-summaries", params={"name": names})
        assert [(each["service"], each["latency_p99_ms"]) for each in found["items"]] == [("wine", 24.1)]
    assert found["items"][0]["sparkline"]["values"] == [0.5, None]
    await controller.call("GET", "/service-summaries", 400, params={"name": ["wine"] * 101})
    tables = await controller.call("GET", "/inference-tables", params={"service": "wine"})
    assert [table["name"] for table in tables["items"]] == ["wine.payload"]
    rows = await controller.call("GET", "/inference-tables/wine.payload/rows")
    assert rows == {"columns": ["request_id"], "items": [{"request_id": "r1"}], "next_cursor": None}
    assert "nobody.payload" in (await controller.call("GET", "/inference-tables/nobody.payload/rows", 404))["message"]
    await controller.call("GET", "/inference-tables/..%2fetc/rows", 404)
    await controller.call("GET", "/inference-tables/Wine.payload/rows", 400)


async def test_a_poisoned_fact_is_a_dead_letter_and_the_next_one_counts(
    controller: Controller, peers: Peers, service: dict[str, Any]
) -> None:
    await peers.say_raw("version.ready", b"not json")
    await peers.say(VersionReady(**about(service["versions"][0], service), ready_replicas=1))
    await has_status(controller, "running")

    async def listed() -> Any:
        return (await controller.call("GET", "/dead-letters"))["items"]

    (letter,) = await eventually(listed)
    assert (letter["consumer"], letter["subject"]) == ("controller-facts", "penstock.events.version.ready.v1")
    assert (letter["body"], bool(letter["reason"])) == ("not json", True)
    await controller.call("POST", f"/dead-letters/{letter['id']}/replay", 400)  # still not json
    await controller.call("POST", "/dead-letters/999/replay", 404)
    await controller.call("POST", "/dead-letters/0/replay", 400)


async def test_facts_of_a_deleted_version_are_ignored(controller: Controller, peers: Peers) -> None:
    made = await controller.call("POST", "/services", 201, json={"name": "wine", "version": wine()})
    await controller.call("DELETE", "/services/wine", 204)
    await peers.say(VersionReady(**about(made["versions"][0], made), ready_replicas=1))
    other = await controller.call("POST", "/services", 201, json={"name": "wine", "start": True, "version": wine()})
    await peers.say(VersionReady(**about(other["versions"][0], other), ready_replicas=1))
    await has_status(controller, "running")
    assert await peers.dead() == 0
    await asyncio.gather(*(controller.call("GET", "/services/wine") for _ in range(20)))
