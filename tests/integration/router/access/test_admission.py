"""Who is turned away before a version is chosen, and what needs no key."""

from __future__ import annotations

import json

import pytest

from running_services.router_world import World


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
