"""Connections that nobody uses are closed; those with an answer to come are not."""

from __future__ import annotations

import asyncio

from penstock_runtime.http.connection import HttpConnection
from penstock_runtime.http.endpoints import ModelEndpoints
from penstock_runtime.http.exchange import HttpExchange
from penstock_runtime.options import ServerOptions


async def test_quiet_connections_are_closed_and_waiting_ones_kept() -> None:
    endpoints = ModelEndpoints(ServerOptions("nowhere"))
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: HttpConnection(endpoints), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    idle, idle_writer = await asyncio.open_connection("127.0.0.1", port)
    half, half_writer = await asyncio.open_connection("127.0.0.1", port)
    half_writer.write(b"POST /predict HTTP/1.1\r\nHost: x\r\n")
    waiting, waiting_writer = await asyncio.open_connection("127.0.0.1", port)
    asked: asyncio.Future[HttpExchange] = loop.create_future()
    endpoints._routes[b"/slow"] = (b"GET", asked.set_result)
    waiting_writer.write(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
    exchange = await asked
    sweeping = asyncio.create_task(endpoints.close_idle_connections(0.04))
    async with asyncio.timeout(30):
        assert await idle.read() == b""
        assert await half.read() == b""
    exchange.respond(200, b"{}")
    assert (await waiting.readline()).startswith(b"HTTP/1.1 200")
    sweeping.cancel()
    for writer in (idle_writer, half_writer, waiting_writer):
        writer.transport.abort()
    server.close()
