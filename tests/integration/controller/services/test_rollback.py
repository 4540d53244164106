"""A configuration whose pods do not get ready is given up: the one before comes back, and everybody can see why."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from running_services.running_controller import Controller, Peers, wine
from shared.contracts.deployment import VersionState
from shared.contracts.rpc.controller import DEPLOYMENTS
from shared.contracts.rpc.method import Nothing
from shared.events.pod import PodReady
from shared.events.version import VersionReady, VersionRolloutFailed
from waiting.eventually import eventually

WHY: dict[str, Any] = {"reason": "LoadFailed", "message": "3 loads failed", "log_tail": ("ValueError: no",)}


def about(service: dict[str, Any], generation: int) -> dict[str, Any]:
    version = service["versions"][0]
    return {
        "service_id": UUID(service["id"]),
        "service": service["name"],
        "version_id": UUID(version["id"]),
        "version": version["name"],
        "generation": generation,
    }


@pytest.fixture
async def running(controller: Controller, peers: Peers) -> dict[str, Any]:
    """A service with one version, whose two pods are ready."""
    body = {"name": "wine", "start": True, "monitors": False, "version": wine(replicas=2)}
    service: dict[str, Any] = await controller.call("POST", "/services", 201, json=body)
    await peers.say(VersionReady(**about(service, 1), ready_replicas=2))
    await sees(controller, status="running")
    return service


async def sees(controller: Controller, **wanted: Any) -> Any:
    async def reached() -> Any:
        found = await controller.call("GET", "/services/wine/versions/v1")
        return found if {name: found[name] for name in wanted} == wanted else None

    return await eventually(reached)


def configuration(version: dict[str, Any]) -> list[Any]:
    return [version[name] for name in ("model_source", "resource_source", "replicas", "runtime")]


async def test_a_spec_that_may_come_back_stays_as_it_is(
    controller: Controller, peers: Peers, running: dict[str, Any]
) -> None:
    spec = running["versions"][0]["resource_source"]["spec"]
    change = {"resource_source": {"kind": "shared", "spec": "2C4G"}}
    await controller.call("PATCH", "/services/wine/versions/v1", json=change)
    refused = await controller.call("DELETE", f"/resource-specs/{spec}", 409)
    assert "used by wine/v1: it cannot be deleted" in refused["message"]
    await controller.call("PATCH", f"/resource-specs/{spec}", 409, json={"cpu": 8})
    await peers.say(VersionReady(**about(running, 2), ready_replicas=2))

    async def is_deleted() -> bool:
        answer = await controller.client.request("DELETE", f"/api/v1/resource-specs/{spec}")
        return answer.status_code == 204

    await eventually(is_deleted)


async def test_a_configuration_that_does_not_get_ready_is_taken_back(
    controller: Controller, peers: Peers, running: dict[str, Any]
) -> None:
    change = wine("2", replicas=3, runtime={"workers": 2}, resource_source={"kind": "shared", "spec": "2C4G"})
    updated = await controller.call("PATCH", "/services/wine/versions/v1", json=change)
    assert (updated["status"], updated["model_source"]["version"]) == ("updating", "2")

    await peers.say(VersionRolloutFailed(**about(running, 2), **WHY))
    back = await sees(controller, reason="RolledBack")
    assert configuration(back) == configuration(running["versions"][0])
    assert (back["generation"], back["status"]) == (3, "updating")
    assert (back["message"], back["log_tail"]) == ("LoadFailed: 3 loads failed", ["ValueError: no"])
    (told,) = (await peers.scheduler.call(DEPLOYMENTS, Nothing())).items
    assert (told.generation, told.desired_replicas) == (3, 2)
    assert (model := told.mlflow_source()) is not None
    assert model.version == "1"

    await peers.say(VersionReady(**about(running, 3), ready_replicas=2))
    assert (await sees(controller, status="running"))["reason"] == "RolledBack"
    kinds = [kind for kind, _ in await peers.events(8)]
    assert kinds.count("penstock.version.rolledback.v1") == 1
    changed = await controller.call("PATCH", "/services/wine/versions/v1", json={"description": "mended"})
    assert (changed["reason"], changed["message"], changed["log_tail"]) == (None, None, [])


async def test_a_restart_is_an_update_that_changes_nothing_and_is_taken_back_like_one(
    controller: Controller, peers: Peers, running: dict[str, Any]
) -> None:
    async def told() -> Any:
        (one,) = (await peers.scheduler.call(DEPLOYMENTS, Nothing())).items
        return one

    before = await told()
    restarting = await controller.call("POST", "/services/wine/versions/v1/restart")
    assert (restarting["status"], restarting["generation"]) == ("updating", 2)
    assert restarting["deployment_digest"] == running["versions"][0]["deployment_digest"]
    assert await told() == before.model_copy(update={"generation": 2, "restart": 2})

    await peers.say(VersionRolloutFailed(**about(running, 2), **WHY))
    assert (await sees(controller, reason="RolledBack"))["generation"] == 3
    assert await told() == before.model_copy(update={"generation": 3})  # as before: no pod that serves is touched

    again = (await controller.call("POST", "/services/wine/restart"))["versions"][0]
    assert (again["generation"], again["reason"]) == (4, None)
    await peers.say(VersionReady(**about(running, 4), ready_replicas=2))
    await sees(controller, status="running")
    assert (await told()).restart == 4


async def test_a_lost_event_is_made_up_for_by_the_resync(
    controller: Controller, peers: Peers, running: dict[str, Any]
) -> None:
    await controller.call("PATCH", "/services/wine/versions/v1", json=wine("2"))
    state = about(running, 2) | {"desired_replicas": 2, "phase": "running", "ready_replicas": 1, "is_rolling": True}
    del state["service_id"]
    peers.states = (VersionState(**state),)
    assert (await sees(controller, ready_replicas=1))["status"] == "updating"
    peers.states = (VersionState(**state, has_rollout_failed=True, **WHY),)
    back = await sees(controller, reason="RolledBack", generation=3)
    assert back["model_source"]["version"] == "1"


async def test_what_an_update_waits_for_is_said(controller: Controller, peers: Peers, running: dict[str, Any]) -> None:
    await controller.call("PATCH", "/services/wine/versions/v1", json=wine("2"))
    state = about(running, 2) | {"desired_replicas": 2, "phase": "running", "ready_replicas": 2, "is_rolling": True}
    del state["service_id"]
    peers.states = (VersionState(**state, reason="Waiting", message="capacity: there is no room for a pod yet"),)
    waiting = await sees(controller, reason="Waiting")
    assert (waiting["status"], waiting["message"]) == ("updating", "capacity: there is no room for a pod yet")
    peers.states = (VersionState(**state),)
    assert (await sees(controller, reason=None))["status"] == "updating"


async def test_it_updates_until_every_new_pod_is_ready(
    controller: Controller, peers: Peers, running: dict[str, Any]
) -> None:
    await controller.call("PATCH", "/services/wine/versions/v1", json=wine("2"))
    facts = about(running, 2)
    await peers.say(PodReady(**facts, pod="new", address="127.0.0.1:1", ready_replicas=3, desired_replicas=2))
    seen = await sees(controller, ready_replicas=3)
    assert seen["status"] == "updating"
    await peers.say(VersionReady(**facts, ready_replicas=2))
    await sees(controller, status="running")


async def test_only_the_wanted_generation_is_rolled_back(
    controller: Controller, peers: Peers, running: dict[str, Any]
) -> None:
    await controller.call("PATCH", "/services/wine/versions/v1", json=wine("2"))
    await controller.call("PATCH", "/services/wine/versions/v1", json=wine("1", runtime={"workers": 2}))
    await peers.say(VersionRolloutFailed(**about(running, 2), **WHY))
    await peers.say(VersionReady(**about(running, 3), ready_replicas=2))
    seen = await sees(controller, status="running")
    assert (seen["generation"], seen["runtime"]["workers"], seen["reason"]) == (3, 2, None)

    await controller.call("PATCH", "/services/wine/versions/v1", json=wine("2"))
    stopped = await controller.call("POST", "/services/wine/stop")
    await peers.say(VersionRolloutFailed(**about(running, 4), **WHY))
    await peers.say(VersionReady(**about(running, 5), ready_replicas=7))  # heard, in order, after the failure
    after = await sees(controller, ready_replicas=7)
    assert (after["generation"], stopped["versions"][0]["generation"]) == (5, 5)
    assert await peers.dead() == 0
