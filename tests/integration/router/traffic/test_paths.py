"""Open Inference, versions that pass through, host names of services."""

from __future__ import annotations

import asyncio

import orjson

from running_services.router_world import KEY, PodRequest, PodServer, World


async def test_open_inference_paths_reach_the_pod_without_the_service(world: World) -> None:
    pod = await world.serve_wine()
    caller = await world.caller()
    for path in ("/v2/models/wine/infer", "/v2/models/wine/versions/3/infer", "/versions/v1/v2/models/m/infer"):
        caller.post(f"/wine{path}?x=1")
        assert (await caller.answer())[0] == 200
        assert pod.requests[-1].head.startswith(b"POST /v2/models/" + path.split("/models/")[1].encode() + b"?x=1 HTTP")
    assert len(world.ledger.outcomes) == 3
    caller.post("/wine/v2/models/wine/infer", key="psk_wrong.key")
    status, _, body = await caller.answer()
    assert status == 401
    assert list(orjson.loads(body)) == ["error"]
    caller.post("/wine/v2/nothing")
    assert (await caller.answer())[0] == 404


async def test_open_inference_metadata_is_the_pods_and_no_prediction(world: World) -> None:
    async def describe(pod: PodServer, request: PodRequest, writer: asyncio.StreamWriter) -> None:
        writer.write(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n{"name":"wine"}')

    pod = await world.serve_wine(describe)
    caller = await world.caller()
    auth = f"Authorization: Bearer {KEY}\r\n".encode()
    for path in (b"v2", b"v2/models/wine", b"v2/models/wine/ready"):
        caller.send(b"GET /wine/%b HTTP/1.1\r\nHost: x\r\n%b\r\n" % (path, auth))
        assert (await caller.answer())[2] == b'{"name":"wine"}'
        assert pod.requests[-1].head.startswith(b"GET /" + path + b" HTTP/1.1")
    caller.send(b"GET /wine/v2/models/wine HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (await caller.answer())[0] == 401
    assert world.ledger.outcomes == []
    caller.send(b"GET /wine/v2/health/ready HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (await caller.answer())[0] == 200


async def test_a_version_may_take_every_path_and_method(world: World) -> None:
    pod = await world.serve_wine(version_fields={"pass_through": True})
    caller = await world.caller()
    auth = f"Authorization: Bearer {KEY}\r\n".encode()
    caller.send(b"PUT /wine/things/7?a=b HTTP/1.1\r\nHost: x\r\n%bContent-Length: 3\r\n\r\nabc" % auth)
    assert (await caller.answer())[0] == 200
    assert pod.requests[0].head.startswith(b"PUT /things/7?a=b HTTP/1.1\r\n")
    assert pod.requests[0].body == b"abc"
    caller.send(b"HEAD /wine/things HTTP/1.1\r\nHost: x\r\n%b\r\n" % auth)
    status, headers = await caller.head()
    assert (status, int(headers["content-length"])) == (200, len(b'{"predictions": ["wine-v1-0"]}'))
    caller.post("/wine/v1/chat/completions")
    assert (await caller.answer())[0] == 200


async def test_events_are_passed_on_one_by_one_and_recorded_before_the_end(world: World) -> None:
    steps = [asyncio.Event() for _ in range(3)]

    async def stream(pod: PodServer, request: PodRequest, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        for number, step in enumerate(steps):
            await step.wait()
            event = b"data: %d\n\n" % number
            writer.write(b"%x\r\n%b\r\n" % (len(event), event))
        writer.write(b"0\r\n\r\n")

    await world.serve_wine(stream, version_fields={"pass_through": True})
    caller = await world.caller()
    caller.post("/wine/v1/chat/completions")
    steps[0].set()
    status, headers = await caller.head()
    assert (status, headers["content-type"]) == (200, "text/event-stream")
    chunks = caller.chunks()
    for number, step in enumerate(steps):
        step.set()
        assert await anext(chunks) == b"data: %d\n\n" % number
    assert [chunk async for chunk in chunks] == []
    assert world.ledger.outcomes[0].response == b"data: 0\n\ndata: 1\n\ndata: 2\n\n"


async def test_a_host_name_stands_for_its_service(world: World) -> None:
    pod = await world.serve_wine()
    object.__setattr__(world.plane.context.limits, "base_domain", b"models.example")
    caller = await world.caller()
    for host, path, expected in (
        ("wine.models.example", "/predict", 200),
        ("WINE.models.example:8080", "/versions/v1/predict", 200),
        ("wine.models.example", "/v2/models/wine/infer", 200),
        ("beer.models.example", "/predict", 404),
        ("wine.other.example", "/predict", 404),
        ("wine.other.example", "/wine/predict", 200),
    ):
        caller.send(
            f"POST {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {KEY}\r\nContent-Length: 2\r\n\r\n".encode()
            + b"{}"
        )
        assert (await caller.answer())[0] == expected, (host, path)
    assert pod.requests[0].head.startswith(b"POST /predict HTTP/1.1")
