"""Tracking servers that users name: what their secrets are made of, and where they may not lead."""

from __future__ import annotations

import asyncio
import gzip
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx
import pytest

from controller.clients import registry_clients
from controller.clients.registry_clients import RegistryClients
from controller.domain.registries.secrets import NewSecret
from controller.settings import ControllerSettings
from shared.clock import SystemClock
from shared.contracts.rpc.controller import RegistryAccess
from shared.errors import InvalidInput, Unavailable, UpstreamFailed
from shared.security.addresses import AddressRule
from shared.security.pinned_transport import LARGEST_ANSWER, PinnedTransport

URL = "https://mlflow.example/base"
PASSWORD = "correct horse"


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("registry", {"username": "a", "password": "b"}),
        ("registry", {"username": "a", "password": "b", "server": "c"}),
        ("webhook", {"secret": "a"}),
        ("mlflow", {"url": URL}),
        ("mlflow", {"url": "http://[2001:4860::1]:5000"}),
        ("mlflow", {"url": URL, "username": "a", "password": "b"}),
        ("mlflow", {"url": URL, "token": "a"}),
    ],
)
def test_a_secret_is_made_of_what_its_kind_needs(kind: str, data: dict[str, str]) -> None:
    assert NewSecret.model_validate({"name": "theirs", "kind": kind, "data": data}).data == data


@pytest.mark.parametrize(
    ("kind", "data", "named"),
    [
        ("registry", {"username": "a"}, "password"),
        ("registry", {"username": "a", "password": PASSWORD, "token": PASSWORD}, "only"),
        ("webhook", {"password": PASSWORD}, "secret"),
        ("mlflow", {"token": PASSWORD}, "url"),
        ("mlflow", {"url": URL, "username": PASSWORD}, "password"),
        ("mlflow", {"url": URL, "password": PASSWORD}, "username"),
        ("mlflow", {"url": URL, "username": "a", "password": PASSWORD, "token": PASSWORD}, "either"),
        ("mlflow", {"url": URL, "username": "a:b", "password": PASSWORD}, "colon"),
        ("mlflow", {"url": URL, "token": f"{PASSWORD}\r\nX: y"}, "printable"),
        *(
            ("mlflow", {"url": url}, "url")
            for url in (
                *("mlflow.example", "file:///etc/passwd", "gopher://x", "ftp://x/", "http://", "http://x:0/"),
                *("http://x:99999/", "http://[::1", "http://x/ y", "http://x\\y", "http://x/\n", "databricks"),
                *(f"https://ann:{PASSWORD}@x", "https://x/?a=b", "https://x/#a", "http://b\u00fccher.example"),
            )
        ),
    ],
)
def test_what_is_missing_is_named_and_no_value_shown(kind: str, data: dict[str, str], named: str) -> None:
    with pytest.raises(InvalidInput, match=named) as refused:
        NewSecret.model_validate({"name": "theirs", "kind": kind, "data": data})
    assert PASSWORD not in repr(refused.value)


def test_people_are_told_where_mlflow_is_without_credentials() -> None:
    known = ControllerSettings(mlflow_url="https://me:pw@mlflow.internal/a/")
    assert known.peoples_mlflow_url == "https://mlflow.internal/a"
    assert ControllerSettings(mlflow_public_url="https://ml.example").peoples_mlflow_url == "https://ml.example"


def test_settings_name_hosts_and_networks() -> None:
    assert ControllerSettings(allowed_registries="mlflow.internal, 10.0.0.0/8").allowed_registries[1] == "10.0.0.0/8"
    with pytest.raises(ValueError, match="neither a host name"):
        ControllerSettings(allowed_registries="http://x")


@dataclass
class Served:
    """A server that gives one answer, and what it was asked."""

    port: int = 0
    answer: bytes = b""
    asked: list[str] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.asked.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(self.answer)
        writer.close()

    def says(self, body: bytes, *headers: str, status: str = "200 OK") -> None:
        lines = (f"HTTP/1.1 {status}", f"content-length: {len(body)}", "connection: close", *headers, "", "")
        self.answer = "\r\n".join(lines).encode() + body

    def access(self, allowed: tuple[str, ...], **more: str) -> RegistryAccess:
        return RegistryAccess(url=f"http://localhost:{self.port}/base/", allowed=allowed, **more)


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    one = Served()
    server = await asyncio.start_server(one.serve, "127.0.0.1", 0)
    one.port = server.sockets[0].getsockname()[1]
    one.says(b'{"registered_model": {"name": "wine", "aliases": [{"alias": "a", "version": "7"}]}}')
    async with server:
        yield one


async def ask(access: RegistryAccess) -> str:
    clients = RegistryClients(SystemClock(), 5)
    try:
        async with clients.lease(UUID(int=1), 1, access) as registry:
            return await registry.alias_version("wine", "a")
    finally:
        await clients.close()


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "0"])
async def test_an_inner_server_is_not_even_connected_to(served: Served, host: str) -> None:
    access = RegistryAccess(url=f"http://{host}:{served.port}", username="ann", password=PASSWORD)
    with pytest.raises((InvalidInput, Unavailable)) as refused:
        await ask(access)
    assert served.asked == []
    assert PASSWORD not in str(refused.value)


@pytest.mark.parametrize("allowed", ["localhost", "127.0.0.0/8"])
async def test_an_allowed_one_is_asked_by_its_name(
    served: Served, allowed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    allowed_too = (allowed, "::1")
    assert await ask(served.access(allowed_too, username="ann", password=PASSWORD)) == "7"
    assert await ask(served.access(allowed_too, token="t0k")) == "7"
    first, second = served.asked
    assert first.startswith("GET /base/api/2.0/mlflow/registered-models/get?name=wine ")
    assert f"host: localhost:{served.port}" in first.lower()
    assert "authorization: basic " in first.lower()
    assert "Bearer t0k" in second


async def test_a_name_is_resolved_once_and_that_address_connected_to(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    meanings = iter(["127.0.0.1", "169.254.169.254"])
    asked = []

    def resolve(host: Any, *_: Any, **__: Any) -> list[Any]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(meanings), 0))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    assert await ask(served.access(("127.0.0.1",))) == "7"
    assert asked == ["localhost"]
    with pytest.raises(InvalidInput):
        await ask(served.access(("127.0.0.1",)))


async def test_one_of_several_addresses_that_is_inner_is_enough(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in ("127.0.0.1", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(InvalidInput):
        await ask(served.access(("127.0.0.1",)))
    assert served.asked == []


async def test_a_redirect_is_no_answer(served: Served) -> None:
    served.says(b"", f"location: http://localhost:{served.port}/elsewhere", status="302 Found")
    with pytest.raises(UpstreamFailed, match="302"):
        await ask(served.access(("localhost",)))
    assert len(served.asked) == 1


async def test_too_much_is_no_answer(served: Served) -> None:
    served.says(b" " * (LARGEST_ANSWER + 1))
    with pytest.raises(Unavailable):
        await ask(served.access(("localhost",)))
    served.says(gzip.compress(b"{}"), "content-encoding: gzip")
    with pytest.raises(Unavailable):
        await ask(served.access(("localhost",)))


async def test_a_name_without_an_address_does_not_answer() -> None:
    async with httpx.AsyncClient(transport=PinnedTransport(AddressRule())) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get("http://nowhere.invalid/")


async def test_clients_are_kept_by_revision_and_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry_clients, "MAX_CLIENTS", 2)
    clients, access = RegistryClients(SystemClock(), 5), RegistryAccess(url="http://localhost:1")
    one, two, three = (UUID(int=number) for number in (1, 2, 3))
    async with clients.lease(one, 1, access) as first:
        async with clients.lease(one, 1, access) as again:
            assert again is first
        async with clients.lease(one, 2, access) as rotated:
            assert rotated is not first
        assert not first._http.is_closed
    assert first._http.is_closed
    for secret in (two, three):
        async with clients.lease(secret, 1, access):
            pass
    assert rotated._http.is_closed
    await clients.close()
