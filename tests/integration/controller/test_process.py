"""The controller as a process: how it starts, what it refuses to start with, how it ends."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import sqlite3
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from penstock.client.clients import AsyncClient
from penstock.client.errors import ApiError, NotFound, Unauthenticated
from penstock.client.requests.base import Request, nothing, path, post
from running_services.running_controller import TOKEN, Peers
from servers.nats_process import NatsProcess
from servers.ports import free_port
from shared.contracts.metrics.samples import LogLine, PodOutput
from shared.ids import new_id
from waiting.eventually import eventually

Spawn = Callable[..., Any]


class Process:
    """`python -m controller` with a home of its own."""

    def __init__(self, home: Path, nats_url: str) -> None:
        self.home, self.port = home, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = os.environ | {
            "PENSTOCK_HOME": str(home),
            "CONTROLLER_PORT": str(self.port),
            "CONTROLLER_ADMIN_PORT": str(free_port()),
            "CONTROLLER_NATS_URL": nats_url,
            "CONTROLLER_MLFLOW_URL": "http://127.0.0.1:1",
        }
        self.running: asyncio.subprocess.Process | None = None

    async def start(self, inherit: int | None = None, **more: str) -> asyncio.subprocess.Process:
        command = [sys.executable, "-m", "controller"]
        if inherit is not None:  # as descriptor 3, where systemd and the launcher put it
            handover = "import os, sys; os.dup2(int(sys.argv[1]), 3); os.execv(sys.argv[2], sys.argv[2:])"
            command = [sys.executable, "-c", handover, str(inherit), *command]
        self.running = await asyncio.create_subprocess_exec(
            *command,
            env=self.environment | more,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            pass_fds=() if inherit is None else (inherit,),
        )
        return self.running

    async def ended(self) -> tuple[int, str]:
        assert self.running is not None
        out, err = await asyncio.wait_for(self.running.communicate(), 30)
        assert self.running.returncode is not None
        return self.running.returncode, (out + err).decode()

    async def up(self) -> None:
        await eventually(self.healthy)

    async def healthy(self) -> bool:
        with contextlib.suppress(httpx.HTTPError):
            async with httpx.AsyncClient() as client:
                return (await client.get(f"{self.url}/api/v1/health")).is_success
        return False


@pytest.fixture
async def spawn(tmp_path: Path) -> AsyncIterator[Spawn]:
    made: list[Process] = []

    def make(nats_url: str = "nats://127.0.0.1:1") -> Process:
        made.append(Process(tmp_path, nats_url))
        return made[-1]

    yield make
    for process in made:
        if process.running is not None and process.running.returncode is None:
            process.running.kill()
            await process.running.communicate()


async def test_starts_without_the_bus_makes_its_token_and_ends_on_sigterm(spawn: Spawn) -> None:
    process = spawn()
    running = await process.start()
    await process.up()
    token = (process.home / "admin-token").read_text().strip()
    async with httpx.AsyncClient(base_url=process.url, headers={"authorization": f"Bearer {token}"}) as client:
        assert (await client.get("/readyz")).status_code == 503
        assert (await client.post("/api/v1/services", json={"name": "wine"})).status_code == 201
        assert b"penstock_api_request_seconds" in (await client.get("/metrics")).content
    running.send_signal(signal.SIGTERM)
    status, said = await process.ended()
    assert status == 0, said
    assert token not in said

    await process.start()
    await process.up()
    async with httpx.AsyncClient(base_url=process.url, headers={"authorization": f"Bearer {token}"}) as client:
        assert (await client.get("/api/v1/services/wine")).status_code == 200


async def test_serves_on_an_inherited_socket(spawn: Spawn) -> None:
    process = spawn()
    with socket.create_server(("127.0.0.1", process.port)) as listening:
        await process.start(inherit=listening.fileno(), LISTEN_FDS="1")
        await process.up()
        assert process.running is not None
        process.running.send_signal(signal.SIGTERM)
        assert (await process.ended())[0] == 0
        socket.create_connection(("127.0.0.1", process.port)).close()  # callers queue where a restart finds them


async def test_a_busy_port_is_named(spawn: Spawn) -> None:
    process = spawn()
    with socket.create_server(("127.0.0.1", process.port)):
        await process.start()
        status, said = await process.ended()
    assert status == 1
    assert f"cannot listen on 127.0.0.1:{process.port}" in said
    assert "Traceback" not in said


async def test_a_corrupt_database_is_named_and_kept(spawn: Spawn) -> None:
    process = spawn()
    file = process.home / "controller" / "controller.db"
    file.parent.mkdir()
    file.write_bytes(b"this is not a database, and it must not be replaced by an empty one" * 100)
    before = file.read_bytes()
    await process.start()
    status, said = await process.ended()
    assert status == 1
    assert str(file) in said
    assert "Traceback" not in said
    assert file.read_bytes() == before


async def test_a_wrong_setting_is_named(spawn: Spawn) -> None:
    process = spawn()
    await process.start(CONTROLLER_MAX_ACTIVE_VERSIONS="0")
    status, said = await process.ended()
    assert status == 1
    assert "max_active_versions" in said
    assert "Traceback" not in said


async def test_a_locked_database_is_503_and_works_again_afterwards(spawn: Spawn) -> None:
    process = spawn()
    await process.start(CONTROLLER_ADMIN_TOKEN=TOKEN)
    await process.up()
    headers = {"authorization": f"Bearer {TOKEN}"}
    locker = sqlite3.connect(process.home / "controller" / "controller.db", isolation_level=None)
    async with httpx.AsyncClient(base_url=process.url, headers=headers, timeout=20) as client:
        locker.execute("BEGIN EXCLUSIVE")
        refused = await client.post("/api/v1/services", json={"name": "wine"})
        assert refused.status_code == 503
        assert refused.headers["retry-after"]
        assert (await client.get("/api/v1/services")).status_code == 200
        locker.execute("ROLLBACK")
        assert (await client.post("/api/v1/services", json={"name": "wine"})).status_code == 201
    locker.close()


async def test_logs_are_followed_and_the_stream_ends_with_the_service(spawn: Spawn, nats_server: NatsProcess) -> None:
    process, peers = spawn(nats_server.url), Peers(nats_server.url)
    running = await process.start(CONTROLLER_ADMIN_TOKEN=TOKEN)
    await process.up()
    await peers.start()
    headers = {"authorization": f"Bearer {TOKEN}"}
    async with httpx.AsyncClient(base_url=process.url, headers=headers, timeout=20) as client:

        async def ready() -> bool:
            return (await client.get("/readyz")).is_success

        await eventually(ready)
        assert (await client.post("/api/v1/services", json={"name": "wine"})).status_code == 201
        async with client.stream("GET", "/api/v1/services/wine/logs", params={"follow": True, "search": "HE"}) as live:
            assert live.headers["content-type"].startswith("text/event-stream")
            lines = live.aiter_lines()
            assert await anext(lines) == ": following"
            said = [LogLine(at="2026-01-01T00:00:00Z", offset=0, text=text) for text in ("hello", "world")]
            output = PodOutput(service="wine", version="v1", version_id=new_id(), pod="p", run=0, lines=tuple(said))
            subject = "penstock.logs.v1.wine.v1.p"
            await peers.monitor.js.publish(subject, output.model_dump_json().encode())
            data = await asyncio.wait_for(_first_data(lines), 30)
            assert (data["text"], data["pod"], data["version"]) == ("hello", "p", "v1")
            running.send_signal(signal.SIGTERM)
            assert [line async for line in lines if line.startswith("data:")] == []
    status, said_last = await process.ended()
    assert status == 0, said_last
    await peers.close()


async def test_a_followed_stream_ends_once_its_reader_may_no_longer_read(
    spawn: Spawn, nats_server: NatsProcess
) -> None:
    process, peers = spawn(nats_server.url), Peers(nats_server.url)
    await process.start(CONTROLLER_ADMIN_TOKEN=TOKEN)
    await process.up()
    await peers.start()
    async with AsyncClient(process.url, TOKEN) as admin:

        async def ready() -> bool:
            async with httpx.AsyncClient() as client:
                return (await client.get(f"{process.url}/readyz", headers={"host": "localhost"})).is_success

        await admin.send(post("/services", {"name": "wine"}))
        await admin.send(post("/users", {"name": "ann"}))
        member = path("projects", "default", "members", "ann")
        await admin.send(Request("PUT", member, json={"role": "viewer"}))
        tokens = [await admin.send(post("/tokens", {"name": f"t{n}", "user": "ann"})) for n in range(2)]

        async def refusal(token: str) -> ApiError:
            async with AsyncClient(process.url, token) as reader:
                await eventually(ready)
                with pytest.raises(ApiError) as ended:
                    await anext(aiter(reader.follow_logs("wine")))
            return ended.value

        by_token, by_role = (asyncio.create_task(refusal(token["token"])) for token in tokens)
        await asyncio.sleep(1)
        await admin.send(Request("DELETE", path("tokens", tokens[0]["id"]), read=nothing))
        assert isinstance(await asyncio.wait_for(by_token, 30), Unauthenticated)
        assert not by_role.done()
        await admin.send(Request("DELETE", member, read=nothing))
        refused = await asyncio.wait_for(by_role, 30)
        assert isinstance(refused, NotFound)
        assert "wine" in str(refused)
    await peers.close()


async def _first_data(lines: AsyncIterator[str]) -> Any:
    async for line in lines:
        if line.startswith("data: "):
            return json.loads(line.removeprefix("data: "))
    raise AssertionError("the stream ended")
