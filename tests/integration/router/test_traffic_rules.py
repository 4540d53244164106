"""Rate limits, holding, caps, sticky splits, ejection, cross-origin rules, Open Inference and pass-through paths."""

from __future__ import annotations

import asyncio
from collections import Counter

import orjson
import pytest

from router_world import KEY, Answer, PodRequest, PodServer, World, answer_ok, eventually


def gated(gate: asyncio.Event) -> Answer:
    async def answer(pod: PodServer, request: PodRequest, writer: asyncio.StreamWriter) -> None:
        await gate.wait()
        await answer_ok(pod, request, writer)

    return answer


async def statuses(world: World, count: int, path: str = "/wine/predict") -> Counter[int]:
    callers = [await world.caller() for _ in range(count)]
    for caller in callers:
        caller.post(path)
    return Counter([(await caller.answer())[0] for caller in callers])


# ── rate limits


async def test_over_the_limit_is_429_with_a_time_to_come_back(world: World) -> None:
    pod = await world.serve_wine(version_fields={"rate_limit": {"qps": 0.5, "burst": 2}})
    caller = await world.caller()
    answers = []
    for _ in range(4):
        caller.post("/wine/predict")
        answers.append(await caller.answer())
    assert [status for status, _, _ in answers] == [200, 200, 429, 429]
    _, headers, body = answers[2]
    assert int(headers["retry-after"]) >= 1
    assert orjson.loads(body)["error_code"] == "REQUEST_LIMIT_EXCEEDED"
    assert len(pod.requests) == 2
    tally = world.table.traffic.of_version("wine", "v1", world.version_ids[("wine", "v1")])
    assert tally.throttled == 2
    assert [outcome.status for outcome in world.ledger.outcomes] == [200, 200]


async def test_a_change_of_routes_gives_no_new_tokens(world: World) -> None:
    pod = await world.serve_wine(version_fields={"rate_limit": {"qps": 0.01, "burst": 1}})
    assert await statuses(world, 1) == {200: 1}
    world.intent(version_fields={"rate_limit": {"qps": 0.01, "burst": 1}}, weights={"v1": 50})
    world.endpoints(pod)
    assert await statuses(world, 1) == {429: 1}


@pytest.mark.timed
async def test_a_queue_lets_them_through_in_time_and_turns_the_rest_away(world: World) -> None:
    limit = {"qps": 20, "burst": 1, "on_limit": "queue", "queue_timeout_ms": 420}
    await world.serve_wine(version_fields={"rate_limit": limit})
    found = await statuses(world, 30)
    assert found[200] + found[429] == 30
    assert found[200] >= 8
    assert found[429] >= 1
    assert world.plane.core.queued == 0


async def test_whoever_leaves_the_queue_reaches_no_pod(world: World) -> None:
    limit = {"qps": 5, "burst": 1, "on_limit": "queue", "queue_timeout_ms": 60_000}
    pod = await world.serve_wine(version_fields={"rate_limit": limit})
    assert await statuses(world, 1) == {200: 1}
    caller = await world.caller()
    caller.post("/wine/predict")
    await eventually(lambda: world.plane.core.queued == 1)
    await caller.close()
    await eventually(lambda: world.plane.core.queued == 0)
    assert len(pod.requests) == 1
    assert [outcome.status for outcome in world.ledger.outcomes] == [200, 499]


# ── holding


async def test_a_request_waits_for_a_version_that_is_starting(world: World) -> None:
    pod = await world.pod()
    world.intent(version_fields={"hold_ms": 60_000})
    world.key()
    callers = [await world.caller() for _ in range(3)]
    for caller in callers:
        caller.post("/wine/predict")
    await eventually(lambda: len(world.plane.core.held) == 3)
    world.endpoints(pod)
    assert [(await caller.answer())[0] for caller in callers] == [200, 200, 200]
    assert not world.plane.core.held
    assert [outcome.reason for outcome in world.ledger.outcomes] == [b"only"] * 3


async def test_holding_ends_with_503(world: World) -> None:
    world.intent(version_fields={"hold_ms": 100})
    world.key()
    caller = await world.caller()
    caller.post("/wine/predict")
    status, headers, body = await caller.answer()
    assert (status, headers["retry-after"]) == (503, "1")
    assert b"no ready pod" in body


async def test_what_waits_for_a_version_that_is_stopped_is_told(world: World) -> None:
    world.intent(version_fields={"hold_ms": 60_000})
    world.key()
    caller = await world.caller()
    caller.post("/wine/predict")
    await eventually(lambda: world.plane.core.held)
    world.table.apply("intent.wine", None)
    assert (await caller.answer())[0] == 503


async def test_callers_that_go_while_they_are_held_are_forgotten(world: World) -> None:
    pod = await world.pod()
    world.intent(version_fields={"hold_ms": 60_000})
    world.key()
    caller = await world.caller()
    caller.post("/wine/predict")
    await eventually(lambda: world.plane.core.held)
    await caller.close()
    await eventually(lambda: not world.plane.callers)
    world.endpoints(pod)
    assert not world.plane.core.held
    assert pod.requests == []


# ── caps


async def test_a_pod_is_given_no_more_than_its_cap(world: World) -> None:
    gate = asyncio.Event()
    pod = await world.serve_wine(gated(gate), version_fields={"max_concurrency": 2, "hold_ms": 60_000})
    callers = [await world.caller() for _ in range(5)]
    for caller in callers:
        caller.post("/wine/predict")
    await eventually(lambda: len(pod.requests) == 2 and len(world.plane.core.held) == 3)
    gate.set()
    assert [(await caller.answer())[0] for caller in callers] == [200] * 5
    assert len(pod.requests) == 5


async def test_beyond_the_cap_without_holding_is_503(world: World) -> None:
    gate = asyncio.Event()
    pod = await world.serve_wine(gated(gate), version_fields={"max_concurrency": 1})
    first, second = await world.caller(), await world.caller()
    first.post("/wine/predict")
    await eventually(lambda: pod.requests)
    second.post("/wine/predict")
    status, headers, _ = await second.answer()
    assert (status, headers["retry-after"]) == (503, "1")
    gate.set()
    assert (await first.answer())[0] == 200


@pytest.mark.timed
async def test_the_number_of_held_requests_is_bounded(world: World) -> None:
    world.plane.core.held._limit = 3
    world.intent(version_fields={"hold_ms": 60_000})
    world.key()
    callers = [await world.caller() for _ in range(5)]
    for caller in callers:
        caller.post("/wine/predict")
        await eventually(lambda: True)
    done, waiting = await asyncio.wait([asyncio.ensure_future(c.answer()) for c in callers], timeout=0.5)
    await eventually(lambda: len(world.plane.core.held) == 3)
    assert [task.result()[0] for task in done] == [503, 503]
    for task in waiting:
        task.cancel()


# ── sticky


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


# ── ejection


async def test_a_pod_that_keeps_breaking_off_is_left_alone(world: World) -> None:
    async def hang_up(pod: PodServer, request: PodRequest, writer: asyncio.StreamWriter) -> None:
        writer.close()

    bad, good = await world.pod("bad", hang_up), await world.pod("good")
    world.intent()
    world.key()
    world.endpoints(bad, good)
    caller = await world.caller()
    for _ in range(60):
        caller.post("/wine/predict")
        assert (await caller.answer())[0] == 200
    assert len(bad.requests) <= 10


# ── cross-origin


async def test_a_page_of_an_allowed_origin_may_call(world: World) -> None:
    await world.serve_wine(cors={"allow_origins": ["https://shop.example"]})
    caller = await world.caller()
    caller.send(
        b"OPTIONS /wine/predict HTTP/1.1\r\nHost: x\r\nOrigin: https://shop.example\r\n"
        b"Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: authorization\r\n\r\n"
    )
    status, headers = await caller.head()
    assert status == 204
    assert headers["access-control-allow-origin"] == "https://shop.example"
    assert "authorization" in headers["access-control-allow-headers"]
    caller.post("/wine/predict", b"{}", "Origin: https://shop.example")
    status, headers, _ = await caller.answer()
    assert (status, headers["access-control-allow-origin"]) == (200, "https://shop.example")
    caller.post("/wine/predict", b"{}", "Origin: https://shop.example", key=None)
    status, headers, _ = await caller.answer()
    assert (status, headers["access-control-allow-origin"]) == (401, "https://shop.example")
    caller.post("/wine/predict", b"{}", "Origin: https://evil.example")
    status, headers, _ = await caller.answer()
    assert status == 200
    assert "access-control-allow-origin" not in headers


async def test_without_rules_for_origins_options_says_what_is_allowed(world: World) -> None:
    await world.serve_wine()
    caller = await world.caller()
    caller.send(
        b"OPTIONS /wine/predict HTTP/1.1\r\nHost: x\r\nOrigin: https://a\r\nAccess-Control-Request-Method: POST\r\n\r\n"
    )
    status, headers = await caller.head()
    assert (status, headers["allow"]) == (204, "POST, OPTIONS")
    assert not [name for name in headers if name.startswith("access-control")]


# ── other paths


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
    object.__setattr__(world.plane.core.limits, "base_domain", b"models.example")
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


# ── what was seen before


async def test_the_same_head_again_is_the_same_request_but_for_what_changed_meanwhile(world: World) -> None:
    pod = await world.serve_wine()
    caller, other = await world.caller(), await world.caller()
    for each in (caller, caller, other, other):
        each.post("/wine/predict", b'{"a": 1}')
        assert (await each.answer())[0] == 200
    assert [request.body for request in pod.requests] == [b'{"a": 1}'] * 4
    assert len({request.headers["x-request-id"] for request in pod.requests}) == 4
    world.key("psk_other.key")
    caller.post("/wine/predict", b'{"a": 1}')
    assert (await caller.answer())[0] == 401
    world.key()
    world.table.apply("intent.wine", None)
    other.post("/wine/predict", b'{"a": 1}')
    assert (await other.answer())[0] == 404


async def test_a_head_seen_before_in_pieces_or_with_more_behind_it_is_read_as_ever(world: World) -> None:
    pod = await world.serve_wine()
    caller = await world.caller()
    raw = f"POST /wine/predict HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\nContent-Length: 3\r\n\r\n".encode()
    for _ in range(2):
        caller.send(raw + b"one")
        assert (await caller.answer())[0] == 200
    caller.send(raw + b"two" + raw + b"six")
    assert [(await caller.answer())[0] for _ in range(2)] == [200, 200]
    caller.send(raw)
    await asyncio.sleep(0)
    caller.send(b"ten")
    assert (await caller.answer())[0] == 200
    caller.send(raw[:40])
    caller.send(raw[40:] + b"end")
    assert (await caller.answer())[0] == 200
    assert [request.body for request in pod.requests] == [b"one", b"one", b"two", b"six", b"ten", b"end"]
    caller.send(raw + b"oneX")
    assert (await caller.answer())[0] == 200
    caller.send(b"\r\n\r\n")
    assert b"HTTP/1.1 400" in await caller.rest()


async def test_after_connection_close_nothing_more_is_answered(world: World) -> None:
    pod = await world.serve_wine()
    caller = await world.caller()
    raw = f"POST /wine/predict HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\nContent-Length: 2\r\n".encode()
    for _ in range(2):
        caller.send(raw + b"\r\n{}")
        assert (await caller.answer())[0] == 200
    caller.send(raw + b"Connection: close\r\n\r\n{}" + raw + b"\r\n{}")
    assert (await caller.rest()).count(b"HTTP/1.1 ") == 1
    assert len(pod.requests) == 3
