"""Versions that are somebody's own image: asked at the path that its owner named, with exactly what callers sent."""

from __future__ import annotations

import asyncio
from uuid import UUID

from running_services.router_world import KEY, PodRequest, PodServer, World
from shared.contracts.routes import Intent, VersionRoute

PICTURE = b"\x89PNG\r\n\x1a\n\x00\xff"


async def label(pod: PodServer, request: PodRequest, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\ncat")


async def test_an_image_gets_what_callers_sent_at_its_own_path(world: World) -> None:
    pod = await world.serve_wine(label, version_fields={"predict_path": "/v1/label it"})
    caller = await world.caller()
    for path in ("/wine/predict?top=3", "/wine/invocations?top=3", "/wine/versions/v1/predict?top=3"):
        lines = (f"POST {path} HTTP/1.1", "Host: x", f"Authorization: Bearer {KEY}", "Content-Type: image/png")
        caller.send("\r\n".join((*lines, "X-Lens: 50mm", f"Content-Length: {len(PICTURE)}", "", "")).encode() + PICTURE)
        status, headers, body = await caller.answer()
        assert (status, headers["content-type"], body) == (200, "text/plain", b"cat")
        request = pod.requests[-1]
        assert request.head.startswith(b"POST /v1/label%20it?top=3 HTTP/1.1\r\n")
        assert (request.body, request.headers["content-type"], request.headers["x-lens"]) == (
            PICTURE,
            "image/png",
            "50mm",
        )
        assert not {"authorization", "x-api-key", "x-penstock-pod-token"} & set(request.headers)
    assert [(each.request, each.response, each.status) for each in world.ledger.outcomes] == [
        (PICTURE, b"cat", 200)
    ] * 3


async def test_an_image_and_a_model_share_a_split_each_at_its_own_path(world: World) -> None:
    world.intent(weights={"v1": 50, "v2": 50})
    world.key()
    pods = {version: await world.pod(f"wine-{version}") for version in ("v1", "v2")}
    for version, pod in pods.items():
        world.endpoints(pod, version=version)
    paths = {"v1": None, "v2": "/label"}
    versions = tuple(
        VersionRoute(
            version_id=world.version_ids["wine", version], version=version, model="m", weight=50, predict_path=path
        )
        for version, path in paths.items()
    )
    intent = Intent(service_id=UUID(int=1), service="wine", revision=2, auth_enabled=True, versions=versions)
    world.table.apply("intent.wine", intent.model_dump_json().encode())
    caller = await world.caller()
    for _ in range(4):
        caller.post("/wine/predict")
        assert (await caller.answer())[0] == 200
    asked = {version: {request.head.split()[1] for request in pod.requests} for version, pod in pods.items()}
    assert asked == {"v1": {b"/predict"}, "v2": {b"/label"}}


async def test_open_inference_paths_are_an_images_own(world: World) -> None:
    pod = await world.serve_wine(version_fields={"predict_path": "/label"})
    caller = await world.caller()
    caller.post("/wine/v2/models/wine/infer")
    assert (await caller.answer())[0] == 200
    assert pod.requests[-1].head.startswith(b"POST /v2/models/wine/infer HTTP/1.1\r\n")
