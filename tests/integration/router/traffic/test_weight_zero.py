"""Weight 0 gets nothing by the split; a fallback answers where somebody said so; and what callers are told instead."""

from __future__ import annotations

import json
from typing import Any

import pytest

from running_services.router_world import Caller, PodServer, World, eventually

SPLIT = {"v1": 100, "v2": 0}


async def two_versions(world: World, *, ready: tuple[str, ...], **more: Any) -> dict[str, PodServer]:
    """The service `wine` with all weight on v1 and pods of `ready`."""
    pods = {version: await world.pod(f"wine-{version}") for version in ("v1", "v2")}
    world.intent(weights=SPLIT, auth_enabled=False, **more)
    for version in ready:
        world.endpoints(pods[version], version=version)
    return pods


async def message(caller: Caller) -> str:
    status, _, body = await caller.answer()
    assert status == 503
    return str(json.loads(body)["message"])


async def test_weight_0_never_answers_by_the_split(world: World) -> None:
    pods = await two_versions(world, ready=("v2",))
    caller = await world.caller()
    caller.post("/wine/predict")
    assert await message(caller) == (
        "Service 'wine' cannot answer now: version v1 has no ready pod; "
        "v2 is ready but has weight 0 and is not the fallback."
    )
    caller.send(b"GET /wine/ping HTTP/1.1\r\nHost: x\r\n\r\n")
    assert "v2 is ready but has weight 0" in await message(caller)
    assert pods["v2"].requests == []
    caller.post("/wine/versions/v2/predict")  # by its own path it does
    assert (await caller.answer())[0] == 200


async def test_the_fallback_answers_while_no_version_with_a_weight_can(world: World) -> None:
    pods = await two_versions(world, ready=("v1", "v2"), fallback="v2")
    caller = await world.caller()
    served = []
    for ready in ((pods["v1"],), (), (pods["v1"],)):
        world.endpoints(*ready, version="v1")
        caller.post("/wine/predict")
        served.append((await caller.answer())[1]["x-penstock-version"])
    assert served == ["v1", "v2", "v1"]
    assert [outcome.reason for outcome in world.ledger.outcomes] == [b"only", b"fallback", b"only"]


async def test_a_fallback_without_pods_changes_nothing_but_the_sentence(world: World) -> None:
    await two_versions(world, ready=(), fallback="v2")
    caller = await world.caller()
    caller.post("/wine/predict")
    assert await message(caller) == (
        "Service 'wine' cannot answer now: version v1 has no ready pod; version v2 has no ready pod."
    )


async def test_a_fallback_that_is_no_version_of_the_service_is_none(world: World) -> None:
    await two_versions(world, ready=("v2",), fallback="v9")
    caller = await world.caller()
    caller.post("/wine/predict")
    assert "is not the fallback" in await message(caller)


@pytest.mark.parametrize(
    ("phase", "said", "retry_after"),
    [
        ("starting", "version v1 is starting", "1"),
        ("waiting", "version v1 waits for room for its pods", "10"),
        ("failed", "version v1 has failed to start", "30"),
        ("running", "version v1 has no ready pod", "1"),
    ],
)
@pytest.mark.parametrize("path", ["/wine/predict", "/wine/versions/v1/predict"])
async def test_callers_are_told_what_a_version_without_pods_does(
    world: World, phase: str, said: str, retry_after: str, path: str
) -> None:
    world.intent(auth_enabled=False, version_fields={"phase": phase})
    caller = await world.caller()
    caller.post(path)
    status, headers, body = await caller.answer()
    assert (status, headers["retry-after"]) == (503, retry_after)
    assert json.loads(body)["message"] == f"Service 'wine' cannot answer now: {said}."


async def test_a_stopped_service_says_so_at_once(world: World) -> None:
    world.intent(auth_enabled=False)
    world.table.apply(
        "intent.wine",
        json.dumps(
            {"service_id": str(world.version_ids["wine", "v1"]), "service": "wine", "revision": 2,
             "auth_enabled": False, "versions": []}
        ).encode(),
    )  # fmt: skip
    caller = await world.caller()
    caller.post("/wine/predict")
    assert await message(caller) == "Service 'wine' is stopped."


async def test_a_version_that_has_failed_is_not_waited_for(world: World) -> None:
    world.intent(auth_enabled=False, version_fields={"phase": "failed", "hold_ms": 60_000})
    caller = await world.caller()
    caller.post("/wine/predict")
    assert "has failed" in await message(caller)


async def test_who_waits_for_a_version_that_fails_is_told(world: World) -> None:
    world.intent(auth_enabled=False, version_fields={"phase": "starting", "hold_ms": 60_000})
    caller = await world.caller()
    caller.post("/wine/predict")
    await eventually(lambda: world.plane.context.hold_queue)
    world.intent(auth_enabled=False, version_fields={"phase": "failed", "hold_ms": 60_000})
    assert "has failed" in await message(caller)


# ── an only pod that has just ended


async def test_an_only_pod_that_ended_is_waited_for(world: World) -> None:
    """Its endpoint is still in the routes, connections are refused: callers are held as for one that starts."""
    pod = await world.pod()
    world.intent(auth_enabled=False, version_fields={"hold_ms": 60_000})
    world.endpoints(pod)
    await pod.stop()
    callers = [await world.caller() for _ in range(3)]
    for caller in callers:
        caller.post("/wine/predict")
    await eventually(lambda: len(world.plane.context.hold_queue) == 3)
    world.endpoints()  # the routes hear of it
    assert len(world.plane.context.hold_queue) == 3
    world.endpoints(await world.pod("wine-v1-1"))
    for caller in callers:
        status, headers, _ = await caller.answer()
        assert (status, headers["x-penstock-pod"]) == (200, "wine-v1-1")
    assert len(world.ledger.outcomes) == 3


async def test_a_pod_that_comes_back_at_its_address_is_found(world: World) -> None:
    pod = await world.pod()
    world.plane.context.limits = type(world.plane.context.limits)(linger_s=0.5, connect_timeout_s=10.0, ejection_s=0.2)
    world.intent(auth_enabled=False, version_fields={"hold_ms": 60_000})
    world.endpoints(pod)
    await pod.stop()
    caller = await world.caller()
    caller.post("/wine/predict")
    await eventually(lambda: world.plane.context.hold_queue)
    await pod.start()
    assert (await caller.answer())[0] == 200


async def test_waiting_for_a_pod_that_stays_away_ends_once(world: World) -> None:
    pod = await world.pod()
    world.plane.context.limits = type(world.plane.context.limits)(linger_s=0.5, connect_timeout_s=10.0, ejection_s=0.05)
    world.intent(auth_enabled=False, version_fields={"hold_ms": 300})
    world.endpoints(pod)
    await pod.stop()
    caller = await world.caller()
    caller.post("/wine/predict")
    assert await message(caller) == "No pod of this version can be reached."
    assert not world.plane.context.hold_queue or not any(
        world.plane.context.hold_queue.count(of) for of in world.version_ids.values()
    )


async def test_whoever_waits_for_a_pod_that_ended_goes_to_another_version_with_a_weight(world: World) -> None:
    v1, v2 = await world.pod("wine-v1"), await world.pod("wine-v2")
    world.intent(weights={"v1": 99, "v2": 1}, auth_enabled=False, version_fields={"hold_ms": 60_000})
    world.endpoints(v1, version="v1")
    world.endpoints(v2, version="v2")
    await v1.stop()
    caller = await world.caller()
    caller.post("/wine/predict")
    await eventually(lambda: world.plane.context.hold_queue)
    world.endpoints(version="v1")
    assert (await caller.answer())[1]["x-penstock-version"] == "v2"
