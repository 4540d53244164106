"""Which version a request goes to."""

from __future__ import annotations

from collections import Counter

import pytest

from running_services.router_world import World


async def test_the_split_is_exact_and_weights_change_at_once(world: World) -> None:
    world.intent(weights={"v1": 90, "v2": 10})
    world.key()
    for version in ("v1", "v2"):
        world.endpoints(await world.pod(f"wine-{version}"), version=version)
    caller = await world.caller()

    async def versions(count: int) -> Counter[str]:
        seen: Counter[str] = Counter()
        for _ in range(count):
            caller.post("/wine/predict")
            seen[(await caller.answer())[1]["x-penstock-version"]] += 1
        return seen

    assert await versions(200) == {"v1": 180, "v2": 20}
    world.intent(weights={"v1": 50, "v2": 50})
    assert await versions(100) == {"v1": 50, "v2": 50}
    world.endpoints(version="v1")
    assert await versions(10) == {"v2": 10}


async def test_one_version_can_be_asked_past_the_split(world: World) -> None:
    world.intent(weights={"v1": 100, "v2": 0})
    world.key()
    for version in ("v1", "v2"):
        world.endpoints(await world.pod(f"wine-{version}"), version=version)
    caller = await world.caller()
    caller.post("/wine/versions/v2/predict")
    assert (await caller.answer())[1]["x-penstock-version"] == "v2"
    assert world.ledger.outcomes[0].reason == b"version"


@pytest.mark.parametrize("header", [None, "X-User"])
async def test_a_sticky_header_keeps_its_version(world: World, header: str | None) -> None:
    pods = {name: await world.pod(f"wine-{name}-0") for name in ("v1", "v2")}
    world.intent(weights={"v1": 50, "v2": 50}, sticky_header=header)
    world.key()
    for name, pod in pods.items():
        world.endpoints(pod, version=name)
    caller = await world.caller()
    seen: dict[str, set[str]] = {}
    for user in [f"user-{i}" for i in range(20)] * 3:
        caller.post("/wine/predict", b"{}", f"{header or 'X-Penstock-Sticky'}: {user}")
        seen.setdefault(user, set()).add((await caller.answer())[1]["x-penstock-version"])
    assert all(len(versions) == 1 for versions in seen.values())
    assert {version for versions in seen.values() for version in versions} == {"v1", "v2"}
    assert {outcome.reason for outcome in world.ledger.outcomes} == {b"sticky"}
    assert ("x-user" in pods["v1"].requests[0].headers) == (header is not None)
