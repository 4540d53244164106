"""Every error has one shape, whoever raised it; the admin port; serving until cancelled."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI, HTTPException
from opentelemetry.sdk.trace import TracerProvider
from prometheus_client import CollectorRegistry, Counter
from pydantic import BaseModel

from shared.errors import Detail, InvalidInput, LimitExceeded, NotFound, PenstockError, Unauthenticated, Unavailable
from shared.http import admin_app, inherited_socket, install_error_handlers, serve
from shared.telemetry import Telemetry
from waiting.eventually import eventually

ERRORS: dict[str, Exception] = {
    "invalid": InvalidInput("bad name", [Detail(("body", "name"), "too long")]),
    "who": Unauthenticated("no token"),
    "missing": NotFound("no service x"),
    "much": LimitExceeded("slower", retry_after_s=2.5),
    "away": Unavailable("later"),
    "bug": ValueError("/secret/path"),
    "teapot": HTTPException(418, "short and stout"),
}


class Named(BaseModel):
    name: str


def app() -> FastAPI:
    made = FastAPI()
    install_error_handlers(made)

    @made.get("/fail/{how}")
    async def fail(how: str) -> None:
        raise ERRORS[how]

    @made.post("/named")
    async def named(body: Named) -> Named:
        return body

    return made


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app(), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as made:
        yield made


@pytest.mark.parametrize(
    ("how", "status", "code"),
    [
        ("invalid", 400, "INVALID_PARAMETER_VALUE"),
        ("who", 401, "UNAUTHENTICATED"),
        ("missing", 404, "RESOURCE_DOES_NOT_EXIST"),
        ("much", 429, "REQUEST_LIMIT_EXCEEDED"),
        ("away", 503, "TEMPORARILY_UNAVAILABLE"),
        ("bug", 500, "INTERNAL_ERROR"),
        ("teapot", 418, "BAD_REQUEST"),
    ],
)
async def test_every_error_has_the_same_shape(client: httpx.AsyncClient, how: str, status: int, code: str) -> None:
    answer = await client.get(f"/fail/{how}", headers={"X-Request-Id": "asked-1"})

    body = answer.json()
    assert (answer.status_code, body["error_code"]) == (status, code)
    assert body.keys() == {"error_code", "message", "request_id", "details"}
    assert body["request_id"] == answer.headers["x-request-id"] == "asked-1"
    assert "secret" not in answer.text


async def test_headers_say_what_to_do(client: httpx.AsyncClient) -> None:
    assert (await client.get("/fail/who")).headers["www-authenticate"] == "Bearer"
    assert (await client.get("/fail/much")).headers["retry-after"] == "3"
    assert (await client.get("/fail/away")).headers["retry-after"] == "1"
    assert (await client.put("/named")).headers["allow"] == "POST"


async def test_a_wrong_body_names_the_place(client: httpx.AsyncClient) -> None:
    answer = await client.post("/named", json={"name": 7})

    assert answer.status_code == 400
    assert answer.json()["details"][0]["loc"] == ["body", "name"]
    assert (await client.post("/named", content=b"{")).status_code == 400


@pytest.mark.parametrize("given", ["", "x" * 129, "a\tb", "ü"])
async def test_a_request_id_that_is_not_plain_is_replaced(client: httpx.AsyncClient, given: str) -> None:
    answer = await client.get("/fail/missing", headers={b"X-Request-Id": given.encode()})

    assert answer.headers["x-request-id"] != given
    assert len(answer.headers["x-request-id"]) == 36


async def test_paths_that_do_not_exist_have_the_shape_too(client: httpx.AsyncClient) -> None:
    assert (await client.get("/none")).json()["error_code"] == "RESOURCE_DOES_NOT_EXIST"
    assert (await client.delete("/named")).json()["error_code"] == "METHOD_NOT_ALLOWED"


async def test_the_admin_port_tells_alive_from_ready() -> None:
    registry = CollectorRegistry()
    Counter("penstock_things", "Things.", registry=registry).inc(3)
    is_ready = [False]
    admin = admin_app(Telemetry("tested", registry, TracerProvider()), lambda: is_ready[0])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(admin), base_url="http://test") as client:
        assert "penstock_things_total 3.0" in (await client.get("/metrics")).text
        assert (await client.get("/healthz")).status_code == 200
        assert (await client.get("/readyz")).status_code == 503
        is_ready[0] = True
        assert (await client.get("/readyz")).status_code == 200


async def test_serving_ends_with_a_cancel_and_lets_requests_finish() -> None:
    made = app()
    began, go = asyncio.Event(), asyncio.Event()

    @made.get("/slow")
    async def slow() -> str:
        began.set()
        await go.wait()
        return "done"

    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        fd = listening.detach()
    serving = asyncio.create_task(serve(made, "", 0, fd))
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        asked = asyncio.create_task(client.get("/slow"))
        await began.wait()
        serving.cancel()
        await asyncio.sleep(0.1)
        go.set()
        assert (await asked).json() == "done"
    await asyncio.wait({serving}, timeout=5)
    assert serving.cancelled()


async def test_a_busy_port_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        await serve(app(), "127.0.0.1", taken.getsockname()[1])


async def test_it_serves_on_a_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    serving = asyncio.create_task(serve(app(), "127.0.0.1", port))
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:

        async def answers() -> bool:
            try:
                return (await client.get("/none")).status_code == 404
            except httpx.TransportError:
                return False

        assert await eventually(answers)
    serving.cancel()
    await asyncio.wait({serving}, timeout=5)


@pytest.mark.parametrize(("environ", "fd"), [({}, None), ({"LISTEN_FDS": "0"}, None), ({"LISTEN_FDS": "1"}, 3)])
def test_a_socket_may_be_handed_over(environ: dict[str, str], fd: int | None) -> None:
    assert inherited_socket(environ) == fd


def test_an_error_outside_the_tree_is_not_a_penstock_error() -> None:
    assert not isinstance(ERRORS["bug"], PenstockError)


async def test_small_answers_leave_at_once() -> None:
    """With Nagle's algorithm the body would wait 40 ms for the caller's delayed acknowledgement of the head."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        serving = asyncio.create_task(serve(app(), "", 0, listening.dup().detach()))
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{listening.getsockname()[1]}") as client:
            assert (await client.get("/none")).status_code == 404
        assert listening.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        serving.cancel()
        await asyncio.wait({serving}, timeout=5)
