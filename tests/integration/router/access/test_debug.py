"""The controller's ticket at a real data plane: in place of a key, past the limit, unrecorded unless it says so."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from controller.domain.services.debug_tickets import TicketSigner
from running_services.router_world import PodRequest, PodServer, World

SIGNER = TicketSigner(b"k" * 32)
PATH = "/wine/versions/v1/predict"


def ticket(version: str = "v1", *, is_logged: bool = False, age_s: float = 0, signer: TicketSigner = SIGNER) -> str:
    made = datetime.now(UTC) - timedelta(seconds=age_s)
    return f"X-Penstock-Debug: {signer.ticket('wine', version, made, is_logged=is_logged)}"


async def asked(world: World, *headers: str, path: str = PATH, key: str | None = None) -> tuple[int, dict[str, Any]]:
    caller = await world.caller()
    caller.post(path, b'{"inputs": [1]}', *headers, key=key)
    status, answer, _ = await caller.answer()
    return status, answer


async def test_a_ticket_opens_without_a_key_and_leaves_no_record(world: World) -> None:
    pod = await world.serve_wine(debug_key=SIGNER.public_key)
    assert (await asked(world))[0] == 401
    status, headers = await asked(world, ticket())
    assert (status, headers["x-penstock-version"]) == (200, "v1")
    (request,) = pod.requests
    assert "x-penstock-debug" not in request.headers
    assert world.ledger.outcomes == []


@pytest.mark.parametrize(
    ("said", "passed_on"),
    [(b"queue;dur=0.1, predict;dur=7.5", ", queue;dur=0.1, predict;dur=7.5"), (b"<script>", ""), (b"", "")],
)
async def test_a_ticket_brings_timings_and_nobody_else_sees_them(world: World, said: bytes, passed_on: str) -> None:
    async def answer(_: PodServer, request: PodRequest, writer: asyncio.StreamWriter) -> None:
        line = b"X-Penstock-Timings: %b\r\n" % said if said else b""
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n%b\r\n{}" % line)

    pod = await world.serve_wine(answer, debug_key=SIGNER.public_key, auth_enabled=False)
    _, headers = await asked(world, ticket())
    own, _, rest = headers["x-penstock-timings"].partition(",")
    assert re.fullmatch(r"router;dur=\d+\.\d{3}", own)
    assert f",{rest}" * bool(rest) == passed_on
    _, headers = await asked(world)
    assert "x-penstock-timings" not in headers
    assert ["x-penstock-timings" in request.headers for request in pod.requests] == [True, False]


async def test_a_ticket_that_says_so_is_recorded_as_debug(world: World) -> None:
    await world.serve_wine(debug_key=SIGNER.public_key, version_fields={"sample_rate": 0.0})
    assert (await asked(world, ticket(is_logged=True)))[0] == 200
    (outcome,) = world.ledger.outcomes
    assert outcome.reason == b"debug"
    assert outcome.api_key_id is None


async def test_a_limit_is_neither_asked_nor_used_up(world: World) -> None:
    await world.serve_wine(
        debug_key=SIGNER.public_key, version_fields={"rate_limit": {"qps": 0.01, "burst": 1}}, auth_enabled=False
    )
    for _ in range(3):
        assert (await asked(world, ticket()))[0] == 200
    assert (await asked(world))[0] == 200
    assert (await asked(world))[0] == 429
    assert (await asked(world, ticket()))[0] == 200


async def test_a_version_without_weight_is_reached(world: World) -> None:
    pod, other = await world.pod("wine-v1-0"), await world.pod("wine-v2-0")
    world.intent(weights={"v1": 100, "v2": 0}, debug_key=SIGNER.public_key)
    world.endpoints(pod)
    world.endpoints(other, version="v2")
    status, headers = await asked(world, ticket("v2"), path="/wine/versions/v2/predict")
    assert (status, headers["x-penstock-pod"]) == (200, "wine-v2-0")


@pytest.mark.parametrize("is_guarded", [True, False])
async def test_what_is_no_ticket_is_401_even_with_a_key(world: World, is_guarded: bool) -> None:
    pod = await world.serve_wine(debug_key=SIGNER.public_key, auth_enabled=is_guarded)
    good = ticket()
    stranger = ticket(signer=TicketSigner(b"s" * 32))
    for wrong in (stranger, ticket("v2"), ticket(age_s=31), f"{good[:-6]}AAAAAA", "X-Penstock-Debug: 1"):
        caller = await world.caller()
        caller.post(PATH, b"{}", wrong)
        assert (await caller.answer())[0] == 401
    assert (await asked(world, ticket(), ticket()))[0] == 401
    assert (await asked(world, good))[0] == 200
    assert (await asked(world, good))[0] == 401, "a ticket is good once"
    assert len(pod.requests) == 1


@pytest.mark.parametrize("path", ["/wine/predict", "/wine/versions/v1/v2/models/wine/infer", "/wine/ping"])
async def test_only_the_direct_path_takes_tickets(world: World, path: str) -> None:
    await world.serve_wine(debug_key=SIGNER.public_key)
    caller = await world.caller()
    caller.post(path, b"{}", ticket())
    assert (await caller.answer())[0] in (401, 405)


async def test_a_kept_connection_forgets_the_ticket(world: World) -> None:
    await world.serve_wine(debug_key=SIGNER.public_key)
    caller = await world.caller()
    statuses = []
    for headers in ((ticket(),), (), (ticket(),)):
        caller.post(PATH, b"{}", *headers, key=None)
        statuses.append((await caller.answer())[0])
    assert statuses == [200, 401, 200]
