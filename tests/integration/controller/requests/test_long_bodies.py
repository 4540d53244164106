"""A body that is too long, or that comes with a token that is none, gets its refusal and no broken connection."""

from __future__ import annotations

import asyncio
import http.client
from collections.abc import AsyncIterator, Iterator

import pytest

from running_services.running_controller import TOKEN, Controller
from servers.ports import free_port
from shared.http import serve
from waiting.eventually import eventually

MIB = 1024 * 1024


@pytest.fixture
async def port(offline: Controller) -> AsyncIterator[int]:
    port = free_port()
    serving = asyncio.create_task(serve(offline.app.api, "127.0.0.1", port))

    async def answers() -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            return False
        writer.close()
        return True

    await eventually(answers)
    yield port
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)


def chunks(size: int) -> Iterator[bytes]:
    for _ in range(size // MIB):
        yield b"x" * MIB


def posted(port: int, size: int, token: str, *, is_chunked: bool) -> int:
    """Status of a POST whose sender reads nothing before it has sent everything."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    headers |= {} if is_chunked else {"Content-Length": str(size)}
    connection.request("POST", "/api/v1/services", chunks(size), headers, encode_chunked=is_chunked)
    status = connection.getresponse().status
    connection.close()
    return status


@pytest.mark.parametrize("is_chunked", [False, True], ids=["length", "chunks"])
async def test_its_sender_sees_the_refusal(port: int, is_chunked: bool) -> None:
    for token, status in ((TOKEN, 413), ("wrong", 401)):
        assert await asyncio.to_thread(posted, port, 40 * MIB, token, is_chunked=is_chunked) == status


async def test_who_waits_to_be_asked_for_the_body_is_refused_at_once(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = f"POST /api/v1/services HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {40 * MIB}\r\nExpect: 100-continue\r\n\r\n"
    writer.write(head.encode())
    assert (await asyncio.wait_for(reader.readline(), 30)).startswith(b"HTTP/1.1 413")
    writer.close()
