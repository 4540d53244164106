"""From a caller's bytes to a pod and back."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter

import pytest

from router.domain.outcome import Outcome
from router_world import PodRequest, PodServer, World, eventually


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


@pytest.mark.parametrize(
    "header",
    ["Authorization: Bearer {}", "Authorization: bearer {}", "Authorization: {}", "X-API-Key: {}"],
)
async def test_the_key_may_be_given_in_three_ways(world: World, header: str) -> None:
    await world.serve_wine()
    caller = await world.caller()
    caller.post("/wine/predict", b"{}", header.format("psk_abcd1234.secret-secret-secret"), key=None)
    assert (await caller.answer())[0] == 200


async def test_turned_away_at_the_door(world: World) -> None:
    pod = await world.serve_wine()
    world.intent("beer")
    world.key("psk_beer.secret", "beer")
    caller = await world.caller()

    caller.post("/wine/predict", key=None)
    status, headers, body = await caller.answer()
    assert (status, json.loads(body)["error_code"]) == (401, "UNAUTHENTICATED")
    assert headers["www-authenticate"].startswith("Bearer")
    assert json.loads(body)["request_id"] == headers["x-request-id"]

    caller.post("/wine/predict", key="psk_abcd1234.wrong")
    assert (await caller.answer())[0] == 401
    caller.post("/wine/predict", key="psk_beer.secret")
    status, _, body = await caller.answer()
    assert (status, json.loads(body)["error_code"]) == (403, "PERMISSION_DENIED")
    caller.post("/tea/predict")
    status, _, body = await caller.answer()
    assert (status, json.loads(body)["error_code"]) == (404, "RESOURCE_DOES_NOT_EXIST")
    assert "tea" in json.loads(body)["message"]
    caller.post("/wine/versions/v9/predict")
    status, _, body = await caller.answer()
    assert (status, "v9" in json.loads(body)["message"]) == (404, True)
    caller.send(b"GET /wine/predict HTTP/1.1\r\nHost: x\r\n\r\n")
    status, headers, _ = await caller.answer()
    assert (status, headers["allow"]) == (405, "POST, OPTIONS")
    caller.send(b"OPTIONS /wine/predict HTTP/1.1\r\nHost: x\r\n\r\n")
    status, headers = await caller.head()
    assert (status, headers["allow"]) == (204, "POST, OPTIONS")

    assert pod.requests == []
    assert world.ledger.outcomes == []
    assert world.table.services["wine"].tally.status == {401: 2, 403: 1, 405: 1, 204: 1}
    assert world.table.traffic.of_service("-").status == {404: 2}


async def test_an_open_service_needs_no_key(world: World) -> None:
    await world.serve_wine(auth_enabled=False)
    caller = await world.caller()
    caller.post("/wine/predict", key=None)
    assert (await caller.answer())[0] == 200


async def test_health_is_that_of_the_pods(world: World) -> None:
    await world.serve_wine()
    caller = await world.caller()
    for path in ("ping", "health/live", "health/ready"):
        caller.send(f"GET /wine/{path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert (await caller.answer())[0] == 200
    caller.send(b"HEAD /wine/ping HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (await caller.head())[0] == 200
    world.endpoints()
    caller.send(b"GET /wine/ping HTTP/1.1\r\nHost: x\r\n\r\n")
    status, headers, _ = await caller.answer()
    assert (status, headers["retry-after"]) == (503, "1")


async def test_nothing_ready_is_503_and_not_recorded(world: World) -> None:
    await world.serve_wine()
    world.endpoints()
    caller = await world.caller()
    caller.post("/wine/predict")
    status, headers, body = await caller.answer()
    assert (status, json.loads(body)["error_code"]) == (503, "TEMPORARILY_UNAVAILABLE")
    assert headers["retry-after"] == "1"
    assert world.ledger.outcomes == []


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


async def test_the_record_is_there_before_the_last_byte(world: World) -> None:
    async def in_two(pod: PodServer, request: PodRequest, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nfour")
        await eventually(arrived.is_set)
        writer.write(b"more")

    arrived = asyncio.Event()
    await world.serve_wine(in_two)
    caller = await world.caller()
    received = bytearray()

    def check(_: Outcome) -> None:
        received.extend(b"|recorded|")

    world.ledger.on_append = check
    caller.post("/wine/predict")
    await caller.head()
    received += await caller.reader.readexactly(4)
    assert not world.ledger.outcomes
    arrived.set()
    received += await caller.reader.readexactly(4)
    assert bytes(received) == b"four|recorded|more"


async def test_streams_pass_chunk_by_chunk_and_end_after_the_record(world: World) -> None:
    async def stream(pod: PodServer, request: PodRequest, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        for number in range(3):
            writer.write(b"7\r\ndata: %d\r\n" % number)
            await steps.get()
        writer.write(b"0\r\n\r\n")

    steps: asyncio.Queue[None] = asyncio.Queue()
    await world.serve_wine(stream)
    caller = await world.caller()
    caller.post("/wine/predict")
    status, headers = await caller.head()
    assert (status, headers["transfer-encoding"]) == (200, "chunked")
    seen = []
    async for chunk in caller.chunks():
        seen.append(chunk)
        assert not world.ledger.outcomes
        steps.put_nowait(None)
    assert seen == [b"data: 0", b"data: 1", b"data: 2"]
    assert world.ledger.outcomes[0].response == b"data: 0data: 1data: 2"


async def test_an_answer_that_ends_with_the_connection_is_complete(world: World) -> None:
    async def until_close(pod: PodServer, request: PodRequest, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.0 200 OK\r\n\r\nall of it")
        writer.close()

    await world.serve_wine(until_close)
    caller = await world.caller()
    caller.post("/wine/predict")
    assert (await caller.answer())[2] == b"all of it"
    assert world.ledger.outcomes[0].response == b"all of it"
    old = await world.caller()
    old.send(
        b"POST /wine/predict HTTP/1.0\r\nAuthorization: psk_abcd1234.secret-secret-secret\r\nContent-Length: 0\r\n\r\n"
    )
    assert (await old.rest()).endswith(b"\r\n\r\nall of it")


async def test_back_pressure_reaches_the_pod(world: World) -> None:
    sent = 0

    async def flood(pod: PodServer, request: PodRequest, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (64 * 1024 * 1024))
        for _ in range(64):
            writer.write(b"x" * 1024 * 1024)
            await writer.drain()
            sent += 1

    await world.serve_wine(flood)
    caller = await world.caller()
    caller.post("/wine/predict")
    await caller.head()
    await asyncio.sleep(0.5)
    assert sent < 40
    total = 0
    while total < 64 * 1024 * 1024:
        total += len(await caller.reader.read(1024 * 1024))
    await eventually(lambda: world.ledger.outcomes)
    assert world.ledger.outcomes[0].response is None


async def test_a_refusing_pod_is_avoided_and_another_asked(world: World) -> None:
    pod = await world.serve_wine()
    gone = await world.pod("wine-v1-1")
    await gone.stop()
    world.endpoints(gone, pod)
    caller = await world.caller()
    for _ in range(20):
        caller.post("/wine/predict")
        status, headers, _ = await caller.answer()
        assert (status, headers["x-penstock-pod"]) == (200, "wine-v1-0")
    assert len(world.ledger.outcomes) == 20


@pytest.mark.timed
async def test_only_refusing_pods_is_503_at_once(world: World) -> None:
    pod = await world.serve_wine()
    await pod.stop()
    caller = await world.caller()
    caller.post("/wine/predict")
    status, headers, _ = await asyncio.wait_for(caller.answer(), 1)
    assert (status, headers["retry-after"]) == (503, "1")
    assert world.ledger.outcomes[0].status == 503
    assert b"TEMPORARILY_UNAVAILABLE" in (world.ledger.outcomes[0].response or b"")
    await pod.start()
    caller.post("/wine/predict")
    assert (await caller.answer())[0] == 200


async def test_a_pod_that_goes_before_its_first_byte_is_replaced_once(world: World) -> None:
    async def vanish(pod: PodServer, request: PodRequest, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    pod = await world.serve_wine()
    vanishing = await world.pod("wine-v1-1", vanish)
    world.endpoints(vanishing, pod)
    caller = await world.caller()
    for _ in range(10):
        caller.post("/wine/predict")
        assert (await caller.answer())[0] == 200
    world.endpoints(vanishing)
    caller.post("/wine/predict")
    status, _, body = await caller.answer()
    assert (status, json.loads(body)["error_code"]) == (502, "UPSTREAM_FAILED")
    assert world.ledger.outcomes[-1].status == 502


async def test_a_restarted_pod_costs_no_request(world: World) -> None:
    pod = await world.serve_wine()
    caller = await world.caller()
    for _ in range(3):
        caller.post("/wine/predict")
        assert (await caller.answer())[0] == 200
        await pod.stop()
        await pod.start()


async def test_an_answer_that_breaks_off_is_not_passed_off_as_whole(world: World) -> None:
    async def break_off(pod: PodServer, request: PodRequest, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        await writer.drain()
        await asyncio.sleep(0.1)
        writer.close()

    await world.serve_wine(break_off)
    caller = await world.caller()
    caller.post("/wine/predict")
    assert (await caller.head())[0] == 200
    with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
        await caller.reader.readexactly(100)
    (outcome,) = world.ledger.outcomes
    assert (outcome.status, outcome.aborted, outcome.response) == (502, True, b"half")


@pytest.mark.parametrize("junk", [b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"])
async def test_a_pod_that_speaks_no_http_is_502(world: World, junk: bytes) -> None:
    async def answer(pod: PodServer, request: PodRequest, writer: asyncio.StreamWriter) -> None:
        writer.write(junk)

    await world.serve_wine(answer)
    caller = await world.caller()
    caller.post("/wine/predict")
    status, _, body = await caller.answer()
    assert (status, json.loads(body)["error_code"]) == (502, "UPSTREAM_FAILED")


async def test_a_second_answer_of_a_pod_is_nobodys(world: World) -> None:
    async def twice(pod: PodServer, request: PodRequest, writer: asyncio.StreamWriter) -> None:
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nanother"
        )

    pod = await world.serve_wine(twice)
    caller = await world.caller()
    for _ in range(3):
        caller.post("/wine/predict")
        assert (await caller.answer())[2] == b"ok"
    assert len(pod.connections) == 3


async def test_informational_answers_are_skipped(world: World) -> None:
    async def early(pod: PodServer, request: PodRequest, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    await world.serve_wine(early)
    caller = await world.caller()
    for _ in range(2):
        caller.post("/wine/predict")
        status, headers, body = await caller.answer()
        assert (status, body, "link" in headers) == (200, b"ok", False)


@pytest.mark.timed
async def test_a_slow_model_is_504_and_its_pod_is_told(world: World) -> None:
    async def sleep(pod: PodServer, request: PodRequest, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(3)

    pod = await world.serve_wine(sleep, version_fields={"request_timeout_ms": 200})
    caller = await world.caller()
    caller.post("/wine/predict")
    status, _, body = await asyncio.wait_for(caller.answer(), 1)
    assert (status, json.loads(body)["error_code"]) == (504, "DEADLINE_EXCEEDED")
    await eventually(pod.connections[0].transport.is_closing)
    assert world.ledger.outcomes[0].status == 504
    (live,) = world.table.pods()
    assert (live.outstanding, live.idle) == (0, [])


async def test_a_caller_that_goes_away_cancels_and_is_recorded_as_499(world: World) -> None:
    async def sleep(pod: PodServer, request: PodRequest, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(3)

    pod = await world.serve_wine(sleep)
    caller = await world.caller()
    caller.post("/wine/predict")
    await eventually(lambda: pod.requests)
    await caller.close()
    await eventually(lambda: world.ledger.outcomes)
    assert world.ledger.outcomes[0].status == 499
    await eventually(pod.connections[0].transport.is_closing)
    assert world.plane.core.in_flight == world.plane.core.buffered == 0


async def test_pipelined_requests_are_answered_in_order(world: World) -> None:
    pod = await world.serve_wine()
    caller = await world.caller()
    for number in range(30):
        caller.post("/wine/predict" if number % 3 else "/none/predict", b'{"inputs": [%d]}' % number)
    statuses = [(await caller.answer())[0] for _ in range(30)]
    assert statuses == [200 if number % 3 else 404 for number in range(30)]
    assert [json.loads(request.body)["inputs"][0] for request in pod.requests] == [n for n in range(30) if n % 3]
    caller.post("/wine/predict")
    assert (await caller.answer())[0] == 200


async def test_thousands_of_pipelined_refusals_do_not_exhaust_the_stack(world: World) -> None:
    pod = await world.serve_wine()
    caller = await world.caller()
    caller.post("/wine/predict")
    caller.send(b"GET /x HTTP/1.1\r\nHost: x\r\n\r\n" * 3000)
    statuses = [(await caller.answer())[0] for _ in range(3001)]
    assert statuses == [200] + [404] * 3000
    assert len(pod.requests) == 1


async def test_a_pod_that_left_is_drained_not_cut(world: World) -> None:
    async def slow(pod: PodServer, request: PodRequest, writer: asyncio.StreamWriter) -> None:
        await release.wait()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    release = asyncio.Event()
    pod = await world.serve_wine(slow)
    caller = await world.caller()
    caller.post("/wine/predict")
    await eventually(lambda: pod.requests)
    other = await world.pod("wine-v1-1")
    world.endpoints(other)
    release.set()
    assert (await caller.answer())[2] == b"ok"
    await eventually(pod.connections[0].transport.is_closing)
    caller.post("/wine/predict")
    assert (await caller.answer())[1]["x-penstock-pod"] == "wine-v1-1"


async def test_an_offer_to_upgrade_is_ignored(world: World) -> None:
    pod = await world.serve_wine()
    caller = await world.caller()
    for _ in range(2):
        caller.post("/wine/predict", b'{"inputs": [1]}', "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c")
        assert (await caller.answer())[0] == 200
    assert [request.body for request in pod.requests] == [b'{"inputs": [1]}'] * 2
    assert "upgrade" not in pod.requests[0].headers


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


@pytest.mark.timed
async def test_draining_finishes_what_was_asked_and_exits(world: World) -> None:
    async def slow(pod: PodServer, request: PodRequest, writer: asyncio.StreamWriter) -> None:
        await release.wait()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    release = asyncio.Event()
    pod = await world.serve_wine(slow)
    busy, idle = await world.caller(), await world.caller()
    busy.post("/wine/predict")
    await eventually(lambda: pod.requests and len(world.plane.callers) == 2)
    draining = asyncio.create_task(world.plane.drain(5))
    await eventually(lambda: world.plane.core.is_draining)
    idle.send(b"GET /wine/ping HTTP/1.1\r\nHost: x\r\n\r\n")
    status, headers, _ = await idle.answer()
    assert (status, headers["connection"]) == (200, "close")
    release.set()
    status, headers, body = await busy.answer()
    assert (status, headers["connection"], body) == (200, "close", b"ok")
    await idle.close()
    await busy.close()
    await asyncio.wait_for(draining, 3)
