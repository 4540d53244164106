"""What a pod is asked with: its own token from the endpoints, and never what a caller sends."""

from __future__ import annotations

from running_services.router_world import World
from shared.contracts.routes import PodEndpoint, VersionEndpoints


async def test_a_pod_is_asked_with_its_token_and_one_without_is_not(world: World) -> None:
    pod = await world.serve_wine()
    caller = await world.caller()
    tell(world, pod.port, "secret-1")
    for header in ((), ("X-Penstock-Pod-Token: forged",), ("x-penstock-pod-token: forged",)):
        caller.post("/wine/predict", b"{}", *header)
        assert (await caller.answer())[0] == 200
    assert [request.headers["x-penstock-pod-token"] for request in pod.requests] == ["secret-1"] * 3
    assert b"forged" not in b"".join(request.head for request in pod.requests)

    tell(world, pod.port, "secret-2")
    caller.post("/wine/predict", b"{}")
    await caller.answer()
    assert pod.requests[-1].headers["x-penstock-pod-token"] == "secret-2"

    tell(world, pod.port, None)  # as a scheduler of an earlier release
    caller.post("/wine/predict", b"{}", "X-Penstock-Pod-Token: forged")
    assert (await caller.answer())[0] == 200
    assert "x-penstock-pod-token" not in pod.requests[-1].headers
    assert not [outcome for outcome in world.ledger.outcomes if b"secret" in repr(outcome).encode()]


def tell(world: World, port: int, token: str | None) -> None:
    version_id = world.version_ids["wine", "v1"]
    pod = PodEndpoint(pod="wine-v1-0", address=f"127.0.0.1:{port}", token=token)
    assert "secret" not in repr(pod)
    endpoints = VersionEndpoints(version_id=version_id, service="wine", version="v1", revision=2, pods=(pod,))
    said = endpoints.model_dump_json(exclude_none=True)
    world.table.apply(f"endpoints.{version_id}", said.encode())
