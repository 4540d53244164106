"""A model server with a token answers to nobody else, on any path; and the token leaves its environment."""

from __future__ import annotations

import asyncio
import os

import pytest

from penstock_runtime.http.connection import HttpConnection
from penstock_runtime.http.endpoints import ModelEndpoints
from penstock_runtime.options import ServerOptions
from penstock_runtime.server import take_pod_token

PATHS = ("/ping", "/health/live", "/check", "/v2", "/v2/models/m/infer", "/predict", "/nowhere")


async def status_of(port: int, path: str, *headers: str, method: str = "GET") -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = "".join(f"{line}\r\n" for line in (f"{method} {path} HTTP/1.1", "Host: x", "Content-Length: 2", *headers))
    writer.write(f"{head}\r\n{{}}".encode())
    async with asyncio.timeout(30):
        status = int((await reader.readline()).split()[1])
    writer.transport.abort()
    return status


async def test_only_who_has_the_token_is_answered() -> None:
    endpoints = ModelEndpoints(ServerOptions("nowhere"), b"right")
    server = await asyncio.get_running_loop().create_server(lambda: HttpConnection(endpoints), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    for headers in ((), ("X-Penstock-Pod-Token: wrong",), ("X-Penstock-Pod-Token:",), ("X-Penstock-Router: 1",)):
        assert [await status_of(port, path, *headers) for path in PATHS] == [401] * len(PATHS)
    assert await status_of(port, "/predict", method="OPTIONS") == 401
    right = "x-penstock-pod-token: right"
    assert await status_of(port, "/health/live", right) == 200
    assert await status_of(port, "/nowhere", right) == 404
    server.close()


async def test_without_a_token_anybody_is_answered() -> None:
    endpoints = ModelEndpoints(ServerOptions("nowhere"))
    server = await asyncio.get_running_loop().create_server(lambda: HttpConnection(endpoints), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    assert (
        await status_of(port, "/health/live") == await status_of(port, "/health/live", "X-Penstock-Pod-Token: x") == 200
    )
    server.close()


def test_the_token_leaves_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PENSTOCK_POD_TOKEN", "right")
    assert take_pod_token() == b"right"
    assert "PENSTOCK_POD_TOKEN" not in os.environ
    assert take_pod_token() is None
