"""A request on its way to a pod: rebuilt, over shared connections, under its ids."""

from __future__ import annotations

import json
import re

from running_services.router_world import World


async def test_a_prediction_goes_through_and_is_recorded(world: World) -> None:
    pod = await world.serve_wine()
    caller = await world.caller()
    caller.post("/wine/predict", b'{"inputs": [1]}')
    status, headers, body = await caller.answer()

    assert status == 200
    assert json.loads(body) == {"predictions": ["wine-v1-0"]}
    assert headers["x-penstock-version"] == "v1"
    assert headers["x-penstock-pod"] == "wine-v1-0"
    assert headers["content-type"] == "application/json"
    assert "x-penstock-client-request-id" not in headers
    (request,) = pod.requests
    assert request.head.startswith(b"POST /predict HTTP/1.1\r\n")
    assert request.body == b'{"inputs": [1]}'
    (outcome,) = world.ledger.outcomes
    assert outcome.request_id.decode() == headers["x-request-id"] == request.headers["x-request-id"]
    assert (outcome.status, outcome.request, outcome.response) == (200, b'{"inputs": [1]}', body)
    assert (outcome.client_request_id, outcome.pod, outcome.reason) == (b"order%201", b"wine-v1-0", b"only")
    assert outcome.api_key_id is not None
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-00", request.headers["traceparent"])
    assert request.headers["traceparent"].split("-")[1].encode() == outcome.trace_id


async def test_many_requests_share_connections(world: World) -> None:
    pod = await world.serve_wine()
    caller = await world.caller()
    for _ in range(50):
        caller.post("/wine/invocations")
        assert (await caller.answer())[0] == 200
    assert len(pod.connections) == 1
    assert len({outcome.record_id for outcome in world.ledger.outcomes}) == 50


async def test_callers_ids_are_kept_and_each_record_still_has_its_own(world: World) -> None:
    pod = await world.serve_wine()
    caller = await world.caller()
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    for _ in range(2):
        caller.post("/wine/predict", b"{}", "X-Request-Id: order-7", f"traceparent: {trace}")
        _, headers, _ = await caller.answer()
        assert headers["x-request-id"] == "order-7"
    assert pod.requests[0].headers["x-request-id"] == "order-7"
    assert pod.requests[0].headers["traceparent"] == trace
    first, second = world.ledger.outcomes
    assert first.request_id == second.request_id == b"order-7"
    assert first.record_id != second.record_id
    assert first.trace_id == b"0af7651916cd43dd8448eb211c80319c"


async def test_an_unusable_request_id_is_replaced(world: World) -> None:
    await world.serve_wine()
    caller = await world.caller()
    caller.post("/wine/predict", b"{}", 'X-Request-Id: "><script>')
    _, headers, _ = await caller.answer()
    assert re.fullmatch(r"[0-9a-f-]{36}", headers["x-request-id"])


async def test_the_request_to_the_pod_is_rebuilt(world: World) -> None:
    pod = await world.serve_wine()
    caller = await world.caller()
    caller.post(
        "/wine/predict?explain=1",
        b"{}",
        "Connection: keep-alive, X-Hop",
        "X-Hop: 1",
        "X-Forwarded-For: 6.6.6.6",
        "Forwarded: for=6.6.6.6",
        "X-API-Key: second",
        "Cookie: session=1",
        "Proxy-Authorization: Basic x",
        "X-Penstock-Pod: spoofed",
        "X-Custom: kept",
        "Accept-Encoding: gzip",
    )
    assert (await caller.answer())[0] == 200
    (request,) = pod.requests
    assert request.head.startswith(b"POST /predict?explain=1 HTTP/1.1\r\n")
    assert set(request.headers) == {
        "host", "content-type", "x-custom", "accept-encoding", "x-request-id", "traceparent", "content-length",
        "x-penstock-router",
    }  # fmt: skip
    assert request.headers["host"] == f"127.0.0.1:{pod.port}"


async def test_a_chunked_body_reaches_the_pod_with_its_length(world: World) -> None:
    pod = await world.serve_wine()
    caller = await world.caller()
    caller.send(
        b"POST /wine/predict HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer psk_abcd1234.secret-secret-secret\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\nTrailer: ignored\r\n\r\n"
    )
    assert (await caller.answer())[0] == 200
    assert pod.requests[0].body == b"hello world"
    assert pod.requests[0].headers["content-length"] == "11"
    assert "trailer" not in pod.requests[0].headers


async def test_sampling_and_logging_off_are_counted(world: World) -> None:
    await world.serve_wine(version_fields={"sample_rate": 0.5})
    caller = await world.caller()
    for number in range(200):
        caller.post("/wine/predict", b"{}", f"X-Request-Id: r{number}")
        await caller.answer()
    assert 60 < len(world.ledger.outcomes) < 140
    (pod,) = world.table.pods()
    assert pod.tally.logged + pod.tally.dropped["not_sampled"] == 200
    world.ledger.outcomes.clear()
    for _ in range(200):
        caller.post("/wine/predict", b"{}", "X-Request-Id: chosen")
        await caller.answer()
    assert 60 < len(world.ledger.outcomes) < 140  # callers do not choose what is recorded of them
    world.intent(version_fields={"log_enabled": False})
    caller.post("/wine/predict")
    await caller.answer()
    assert pod.tally.dropped["logging_disabled"] == 1
