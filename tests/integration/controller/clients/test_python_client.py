"""Both Python clients against a real controller, over a real socket."""

from __future__ import annotations

import asyncio

import pytest

import penstock
from penstock.client import Conflict, InvalidRequest, NotFound, ServerError, Unauthenticated, Unreachable
from running_services.running_controller import TOKEN, Peers, wine
from servers.ports import free_port


def use_client(url: str) -> None:
    """What a script does with the client, and how it fails."""
    with penstock.Client(url, TOKEN) as client:
        made = client.create_service({"name": "wine", "version": wine()})
        assert made["versions"][0]["name"] == "v1"
        for number in range(3):
            client.create_service({"name": f"other-{number}"})
        assert [s["name"] for s in client.services(page_size=2)] == ["other-2", "other-1", "other-0", "wine"]
        with pytest.raises(Conflict) as taken:
            client.create_service({"name": "wine"})
        assert (taken.value.status, taken.value.error_code) == (409, "RESOURCE_CONFLICT")
        assert taken.value.request_id
        with pytest.raises(InvalidRequest) as wrong:
            client.create_service({"name": "x", "colour": "red"})
        assert "colour" in str(wrong.value.details)
        with pytest.raises(NotFound):
            client.service("no/such?service")
        with pytest.raises(Conflict):
            client.edit_service("wine", {"description": "late"}, revision=made["revision"] + 7)
        key = client.create_key("wine", "ci")
        assert key["key"].startswith("psk_")
        assert "key" not in next(client.keys("wine"))
        client.revoke_key("wine", key["id"])
        assert list(client.keys("wine")) == []
    with penstock.Client(url, "wrong") as stranger, pytest.raises(Unauthenticated):
        next(stranger.services())


async def test_the_client(url: str) -> None:
    await asyncio.to_thread(use_client, url)


async def test_the_async_client(url: str, peers: Peers) -> None:
    async with penstock.AsyncClient(url, TOKEN) as client:
        await client.create_service({"name": "wine", "version": wine()})
        for number in range(2):
            await client.create_service({"name": f"other-{number}"})
        assert [s["name"] async for s in client.services(page_size=1)] == ["other-1", "other-0", "wine"]
        assert [pod["name"] async for pod in client.pods("wine", "v1")] == ["wine-v1-0"]
        assert (await client.restart_pod("wine", "v1", "wine-v1-0"))["restarting"]
        assert (await client.model("wine"))["name"] == "wine"
        with pytest.raises(NotFound):
            await client.version("wine", "v9")
        with pytest.raises(NotFound):
            await anext(client.follow_logs("nothing"))
    async with penstock.AsyncClient(f"http://127.0.0.1:{free_port()}", TOKEN, retries=0) as nowhere:
        with pytest.raises(Unreachable):
            await nowhere.service("wine")


async def test_only_what_may_be_repeated_is_sent_again() -> None:
    """A server that is away for the first request: a POST without a key is refused, the others get through."""
    seen: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append((await reader.readuntil(b"\r\n\r\n")).decode().split()[0])
        status = "503 Away" if len(seen) % 2 else "200 OK"
        writer.write(f"HTTP/1.1 {status}\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{{}}".encode())
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with penstock.AsyncClient(address, TOKEN) as client:
            await client.service("wine")
            await client.start_service("wine")
            with pytest.raises(ServerError):
                await client.predict(address, "key", ["x"], [[1]], "id")
    assert seen == ["GET", "GET", "POST", "POST", "POST"]
