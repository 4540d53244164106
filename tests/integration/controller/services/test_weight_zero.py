"""Weight 0 gets nothing that nobody gave it, but as the fallback; as the API and the routers have it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from running_services.running_controller import Controller, Peers, wine
from shared.contracts.deployment import VersionState
from shared.events.version import VersionFailed, VersionReady
from waiting.eventually import eventually

TRAFFIC = "/services/wine/traffic"


@pytest.fixture
async def service(controller: Controller, peers: Peers) -> dict[str, Any]:
    """`wine` with v1 of weight 100 and v2 of weight 0, both ready."""
    await controller.call("POST", "/services", 201, json={"name": "wine", "start": True, "version": wine()})
    await controller.call("POST", "/services/wine/versions", 201, json=wine("2", start=True))
    made: dict[str, Any] = await controller.call("GET", "/services/wine")
    for name in ("v1", "v2"):
        await peers.say(VersionReady(**about(made, name), ready_replicas=1))
    await route(controller, lambda found: phases(found) == {"v1": "running", "v2": "running"})
    return made


def about(service: dict[str, Any], name: str, generation: int = 1) -> dict[str, Any]:
    version = next(each for each in service["versions"] if each["name"] == name)
    return {
        "service_id": UUID(service["id"]),
        "service": "wine",
        "version_id": UUID(version["id"]),
        "version": name,
        "generation": generation,
    }


def weights(found: dict[str, Any]) -> dict[str, int]:
    return {version["version"]: version["weight"] for version in found["versions"]}


def phases(found: dict[str, Any]) -> dict[str, str]:
    return {version["version"]: version["phase"] for version in found["versions"]}


async def route(controller: Controller, is_wanted: Any) -> dict[str, Any]:
    async def reached() -> Any:
        found = await controller.route("intent.wine")
        return found if found is not None and is_wanted(found) else None

    found: dict[str, Any] = await eventually(reached)
    return found


async def test_the_share_of_a_failed_version_is_not_given_to_one_of_weight_0(
    controller: Controller, peers: Peers, service: dict[str, Any]
) -> None:
    failed = VersionFailed(**about(service, "v1"), reason="LoadFailed", message="no module x")
    await peers.say(failed)
    found = await route(controller, lambda found: phases(found)["v1"] == "failed")
    assert weights(found) == {"v1": 100, "v2": 0}
    traffic = await controller.call("GET", TRAFFIC)
    assert (traffic["weights"], traffic["effective"]) == ({"v1": 100, "v2": 0},) * 2
    for method, path in (("DELETE", ""), ("POST", "/stop")):
        refused = await controller.call(method, f"/services/wine/versions/v1{path}", 409)
        assert "Only 'v1' has a weight, and v2 would get none" in refused["message"]
    await controller.call("PUT", TRAFFIC, json={"weights": {"v2": 100}})
    await controller.call("DELETE", "/services/wine/versions/v1", 204)
    assert (await controller.call("GET", TRAFFIC))["weights"] == {"v2": 100}


async def test_a_failed_version_that_starts_again_has_its_share(
    controller: Controller, peers: Peers, service: dict[str, Any]
) -> None:
    await peers.say(VersionFailed(**about(service, "v1"), reason="LoadFailed", message="no module x"))
    await route(controller, lambda found: phases(found)["v1"] == "failed")
    await controller.call("POST", "/services/wine/versions/v1/start")
    assert (await controller.call("GET", TRAFFIC))["weights"] == {"v1": 100, "v2": 0}


async def test_the_only_version_with_a_weight_stops_with_new_weights_or_not_at_all(
    controller: Controller, service: dict[str, Any]
) -> None:
    path = "/services/wine/versions/v1/stop"
    refused = await controller.call("POST", path, 409)
    assert "give new weights in the same call" in refused["message"]
    assert (await controller.call("GET", "/services/wine/versions/v1"))["status"] == "running"
    for wrong in ({"v2": 99}, {"v1": 100}, {"v9": 100}, {}):
        await controller.call("POST", path, 400, json={"weights": wrong})
    await controller.call("POST", path, json={"weights": {"v2": 100}})
    await route(controller, lambda found: weights(found) == {"v2": 100})


async def test_a_fallback_is_kept_shown_told_and_cleared(
    controller: Controller, peers: Peers, service: dict[str, Any]
) -> None:
    assert ((await controller.call("GET", TRAFFIC))["fallback"], service["fallback"]) == (None, None)
    split = {"weights": {"v1": 100}}
    done = await controller.call("PUT", TRAFFIC, json={**split, "fallback": "v2"})
    assert (done["weights"], done["fallback"]) == ({"v1": 100, "v2": 0}, "v2")
    assert (await controller.call("GET", "/services/wine"))["fallback"] == "v2"
    await route(controller, lambda found: found["fallback"] == "v2")
    assert (await controller.call("PUT", TRAFFIC, json=split))["fallback"] == "v2"  # not named: as it was
    assert (await controller.call("PUT", TRAFFIC, json={**split, "fallback": None}))["fallback"] is None
    for wrong in ("v9", "", 7, "V 2"):
        refused = await controller.call("PUT", TRAFFIC, 400, json={**split, "fallback": wrong})
        assert "fallback" in refused["message"]


async def test_a_fallback_goes_with_its_version(controller: Controller, service: dict[str, Any], peers: Peers) -> None:
    await controller.call("PUT", TRAFFIC, json={"weights": {"v1": 100}, "fallback": "v2"})
    await controller.call("POST", "/services/wine/versions/v2/stop")
    assert (await controller.call("GET", TRAFFIC))["fallback"] == "v2"  # for when it starts again
    await controller.call("POST", "/services/wine/versions/v2/start")
    await peers.say(VersionFailed(**about(service, "v2", 3), reason="LoadFailed", message="no module x"))
    await route(controller, lambda found: phases(found).get("v2") == "failed")
    await controller.call("DELETE", "/services/wine/versions/v2", 204)
    assert (await controller.call("GET", TRAFFIC))["fallback"] is None
    await route(controller, lambda found: found["fallback"] is None)


@pytest.mark.parametrize(
    "message", ["capacity: there is no room for a pod yet", "GpuKindMissing: no node has a GPU H100, nor any other"]
)
async def test_routes_say_that_a_version_waits_for_room(controller: Controller, peers: Peers, message: str) -> None:
    body = {"name": "wine", "start": True, "version": wine()}
    made = await controller.call("POST", "/services", 201, json=body)
    await route(controller, lambda found: phases(found) == {"v1": "starting"})
    identity = about(made, "v1")
    peers.states = (
        VersionState(
            version_id=identity["version_id"], service="wine", version="v1", generation=1, phase="starting",
            desired_replicas=1, ready_replicas=0, reason="Waiting", message=message,
        ),
    )  # fmt: skip
    found = await route(controller, lambda found: phases(found)["v1"] != "starting")
    assert phases(found) == {"v1": "waiting"}
