"""Both clients and the command line against a real controller, over a real socket."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import stat
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner, Result

import penstock
from penstock.cli import app
from penstock.client import Conflict, InvalidRequest, NotFound, ServerError, Unauthenticated, Unreachable
from ports import free_port
from running_controller import TOKEN, Controller, Peers, eventually, wine
from shared.clock import SystemClock
from shared.contracts.deployment import VersionState
from shared.contracts.nodes import PodAllocation, PoolState
from shared.contracts.rpc.monitor import LogPage
from shared.contracts.samples import LogLine, PodOutput
from shared.http import serve


@dataclass
class CommandLine:
    """`penstock …` as a user with a configuration folder of their own gives it."""

    url: str
    config: Path

    async def __call__(self, *arguments: str, code: int = 0, env: Mapping[str, str] | None = None) -> Result:
        given = {"PENSTOCK_URL": self.url, "PENSTOCK_TOKEN": TOKEN, "XDG_CONFIG_HOME": str(self.config)}
        given |= {"PENSTOCK_HOME": str(self.config / "home"), **(env or {})}
        result = await asyncio.to_thread(CliRunner().invoke, app, list(arguments), env=given)
        assert result.exit_code == code, (arguments, result.exit_code, result.output, result.exception)
        return result

    async def json(self, *arguments: str, env: Mapping[str, str] | None = None) -> Any:
        return json.loads((await self(*arguments, "-o", "json", env=env)).stdout)


@pytest.fixture
async def url(controller: Controller) -> AsyncIterator[str]:
    port = free_port()
    serving = asyncio.create_task(serve(controller.app.api, "127.0.0.1", port))

    async def answers() -> bool:
        async with httpx.AsyncClient() as client:
            try:
                return (await client.get(f"http://127.0.0.1:{port}/api/v1/health")).is_success
            except httpx.TransportError:
                return False

    await eventually(answers)
    yield f"http://127.0.0.1:{port}"
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)


@pytest.fixture
def cli(url: str, tmp_path: Path) -> CommandLine:
    return CommandLine(url, tmp_path / "config")


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


async def test_the_command_line(cli: CommandLine, peers: Peers) -> None:
    await cli("services", "create", "shop", "--description", "a shop", "--tag", "team=wine")
    assert (await cli.json("services", "show", "shop"))["tags"] == {"team": "wine"}
    assert "shop" in (await cli("services", "list")).stdout
    assert [s["name"] for s in await cli.json("services", "list")] == ["shop"]
    assert (await cli.json("services", "edit", "shop", "--no-auth"))["auth_enabled"] is False
    version = await cli.json("versions", "add", "shop", "models:/wine@champion", "--start")
    assert (version["name"], version["model_source"]["version"]) == ("v1", "2")
    assert (await cli.json("traffic", "set", "shop", "v1=100"))["weights"] == {"v1": 100}
    assert (await cli.json("traffic", "set", "shop", "v1=100", "--fallback", "v1"))["fallback"] == "v1"
    assert (await cli.json("traffic", "set", "shop", "v1=100"))["fallback"] == "v1"
    assert (await cli.json("traffic", "show", "shop"))["fallback"] == "v1"
    assert (await cli.json("traffic", "set", "shop", "v1=100", "--fallback", ""))["fallback"] is None
    key = await cli.json("keys", "create", "shop", "ci")
    successor = await cli.json("keys", "rotate", "shop", key["id"])
    assert (await cli.json("keys", "revoke", "shop", key["id"]))["revoked"]
    assert [k["id"] for k in await cli.json("keys", "list", "shop")] == [successor["id"]]
    assert [p["name"] for p in await cli.json("pods", "list", "shop", "v1")] == ["wine-v1-0"]
    await cli("pods", "restart", "shop", "v1", "wine-v1-0")
    assert peers.restarted == ["wine-v1-0"]
    logs = await cli("logs", "shop", "--search", "hello", "-n", "5", "-o", "json")
    assert json.loads(logs.stdout)["text"].startswith("hello")
    assert [e["reason"] for e in await cli.json("events", "shop")] == ["Ready"]
    assert "wine" in {m["name"] for m in await cli.json("models", "list")}
    assert (await cli.json("versions", "restart", "shop", "v1"))["name"] == "v1"
    assert (await cli.json("services", "restart", "shop"))["name"] == "shop"
    assert (await cli.json("versions", "show", "shop", "v1"))["generation"] == 3
    await cli.json("versions", "add", "shop", "models:/wine/1", "--start")
    refused = await cli("versions", "stop", "shop", "v1", code=5)
    assert "Only 'v1' has a weight" in refused.stderr
    await cli("versions", "stop", "shop", "v1", "--weight", "v2=100")
    assert (await cli.json("traffic", "show", "shop"))["weights"] == {"v2": 100}
    await cli("services", "stop", "shop")
    refused = await cli("services", "restart", "shop", code=5)
    assert "`penstock services start shop`" in refused.stderr


async def test_deploying(cli: CommandLine, peers: Peers) -> None:
    assert (await cli.json("deploy", "models:/wine/1", "--name", "shop"))["name"] == "v1"
    assert (await cli.json("deploy", "models:/wine/2", "--name", "shop"))["name"] == "v2"
    again = await cli("deploy", "models:/wine/1", "--name", "shop")
    assert "shop v1 is the same model and configuration, and is starting already" in again.stderr
    assert "curl -sS -X POST" in again.stdout
    await cli("deploy", "models:/wine/1", "--name", "shop", "--replicas", "2", code=5)
    await cli("deploy", "models:/wine/99", "--name", "late", code=3)
    await cli("deploy", "models:/wine/1", "--name", "open", "--no-auth")
    for different in (("--auth",), ("--project", "red")):
        refused = await cli("deploy", "models:/wine/2", "--name", "open", *different, code=2)
        assert f"{different[0]} would not be as asked" in refused.stderr
    await cli("deploy", "models:/wine/2", "--name", "open", "--no-auth", "--project", "default")
    waited = await cli("deploy", "models:/wine/1", "--wait", "--timeout", "0.2", code=7)
    for wrong in (("--min", "1"), ("--max", "2", "--replicas", "3"), ("--max", "1", "--min", "2")):
        await cli("deploy", "models:/wine/1", *wrong, code=2)
    assert "penstock: starting" in waited.stderr


def state_of(version: dict[str, Any], phase: str, **more: Any) -> VersionState:
    return VersionState(
        version_id=version["id"],
        service=version["service"],
        version=version["name"],
        generation=1,
        phase=phase,
        desired_replicas=1,
        **({"ready_replicas": 0} | more),
    )


async def test_waiting_for_what_is_deployed(cli: CommandLine, controller: Controller, peers: Peers) -> None:
    async def created(service: str) -> Any:
        answer = await controller.client.get(f"/api/v1/services/{service}")
        return answer.json()["versions"][0] if answer.is_success else None

    good = asyncio.create_task(cli.json("deploy", "models:/wine/1", "--name", "good", "--wait"))
    peers.states = (state_of(await eventually(lambda: created("good")), "running", ready_replicas=1),)
    assert (await good)["status"] == "running"

    bad = asyncio.create_task(cli("deploy", "models:/wine/2", "--name", "bad", "--wait", code=1))
    why = {"reason": "FailedToLoad", "message": "exit code 1", "log_tail": ("Traceback", "ValueError: \x1b[2J no")}
    peers.states = (*peers.states, state_of(await eventually(lambda: created("bad")), "failed", **why))
    said = (await bad).stderr
    assert "v1 is failed: FailedToLoad: exit code 1\n  Traceback\n  ValueError: \\x1b[2J no" in said


async def test_a_running_version_is_edited(cli: CommandLine, peers: Peers) -> None:
    await cli("versions", "add", "shop", "models:/wine/1", code=3)
    await cli("deploy", "models:/wine/1", "--name", "shop")
    edited = await cli.json("versions", "edit", "shop", "v1", "--model", "models:/wine@champion", "--follow",
                            "--replicas", "2", "--spec", "2C4G", "--no-record")  # fmt: skip
    source = edited["model_source"]
    assert (source["version"], source["alias"], source["follow"]) == ("2", "champion", True)
    assert (edited["replicas"], edited["resource_source"]["spec"]) == (2, "2C4G")
    assert edited["log_delivery"]["enabled"] is False
    for wrong in ((), ("--follow",), ("--cpu", "1"), ("--group", "risk"), ("--model", "models:/wine/1", "--follow")):
        await cli("versions", "edit", "shop", "v1", *wrong, code=2)
    key = await cli.json("keys", "create", "shop", "ci", "--scope", "predict")
    assert key["scopes"] == ["predict"]
    back = (await cli.json("rollback", "shop", "v1"))["model_source"]
    assert (back["version"], back["alias"], back["follow"]) == ("1", None, False)
    assert (await cli.json("rollback", "shop", "v1"))["model_source"]["version"] == "2"
    await cli("deploy", "models:/wine/1", "--name", "other")
    await cli("rollback", "other", "v1", code=5)


async def test_groups_and_nodes(cli: CommandLine, peers: Peers) -> None:
    await cli("groups", "create", "risk", "--tag", "team=risk")
    assert (await cli.json("groups", "grant", "risk", "default"))["projects"] == ["default"]
    node = await cli.json("nodes", "add", "risk", "a", "--cpu", "4", "--memory", "8")
    peers.sees(node)
    await cli("nodes", "add", "risk", "b", "--cpu", "5", "--memory", "1", code=5)
    in_group = ("--group", "risk", "--cpu", "2", "--memory", "4")
    made = await cli.json("deploy", "models:/wine/1", "--name", "shop", *in_group)
    assert made["resource_source"] == {"kind": "group", "group": "risk", "cpu": 2, "memory_gb": 4, "gpu": 0}
    await cli("deploy", "models:/wine/1", "--name", "other", *in_group, code=5)
    await cli("deploy", "models:/wine/1", *in_group, "--spec", "1C2G", code=2)
    assert (await cli.json("groups", "show", "risk"))["service"] == "shop"
    assert "risk" in (await cli("groups", "list")).stdout
    assert (await cli.json("nodes", "isolate", "risk", "a"))["status"] == "isolated"
    assert (await cli.json("nodes", "drain", "risk", "a"))["status"] == "drained"
    assert (await cli.json("nodes", "resume", "risk", "a"))["status"] == "ready"
    assert (await cli.json("nodes", "renew", "risk", "a", "--expires-at", "2999-01-01T00:00:00Z"))["expires_at"]
    assert (await cli.json("nodes", "renew", "risk", "a"))["expires_at"] is None
    await cli("groups", "edit", "risk", "--description", "x")
    await cli("groups", "create", "fraud")
    assert (await cli.json("nodes", "move", "risk", "a", "fraud"))["group"] == "fraud"
    await cli("groups", "delete", "fraud", code=5)
    assert (await cli.json("nodes", "release", "fraud", "a", "--force"))["status"] == "releasing"
    assert await cli.json("nodes", "list", "risk") == []
    await cli("nodes", "show", "risk", "a", code=3)
    await cli("groups", "revoke", "risk", "default", code=5)
    await cli("versions", "edit", "shop", "v1", "--spec", "1C2G")
    assert (await cli.json("groups", "revoke", "risk", "default"))["projects"] == []
    await cli("groups", "delete", "risk")


async def test_the_room_for_pods_is_a_line_a_pool(cli: CommandLine, peers: Peers) -> None:
    hold = PodAllocation(project="default", service="wine", version="v1", pods=2, cpu=2, memory_gb=4)
    peers.pools = (PoolState(cpu=8, memory_gb=30, held=(hold,)),)
    head, line = (await cli("capacity")).stdout.splitlines()
    assert head.split()[:5] == ["POOL", "CORES", "FREE", "CORES", "GIB"]
    assert line.split()[:5] == ["shared", "8", "6", "30", "26"]
    assert "held by wine/v1 (2 cores, 4 GiB)" in line
    assert (await cli.json("capacity"))["pools"][0]["free"]["cpu"] == 6


async def test_following_logs_ends_with_ctrl_c(cli: CommandLine, peers: Peers) -> None:
    made = await cli.json("deploy", "models:/wine/1", "--name", "shop")
    peers.stored = lambda query: LogPage(items=())
    command = [sys.executable, "-m", "penstock", "logs", "shop", "-f", "-o", "json"]
    env = os.environ | {"PENSTOCK_URL": cli.url, "PENSTOCK_TOKEN": TOKEN, "XDG_CONFIG_HOME": str(cli.config)}
    following = await asyncio.create_subprocess_exec(
        *command,
        env=env,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # whoever runs the tests
    )
    assert following.stdout is not None

    async def prints() -> None:
        """A pod that prints until somebody has heard it."""
        number = 0
        while True:
            number += 1
            said = PodOutput(
                service="shop",
                version="v1",
                version_id=made["id"],
                pod="p",
                run=0,
                lines=(LogLine(at=SystemClock().now(), offset=number, text=f"line {number}"),),
            )
            await peers.scheduler.js.publish("penstock.logs.v1.shop.v1.p", said.model_dump_json().encode())
            await asyncio.sleep(0.05)

    printing = asyncio.create_task(prints())
    line = json.loads(await following.stdout.readline())
    printing.cancel()
    assert line["text"].startswith("line ")
    assert peers.asked_logs[-1].limit == 20
    following.send_signal(signal.SIGINT)
    _, said = await following.communicate()
    assert following.returncode == 130
    assert b"Traceback" not in said


async def test_each_way_to_fail_has_its_exit_status(cli: CommandLine) -> None:
    await cli("services", "create", "shop")
    refused = await cli("services", "list", code=4, env={"PENSTOCK_TOKEN": "wrong"})
    assert "UNAUTHENTICATED" in refused.stderr
    assert refused.stdout == ""
    await cli("services", "show", "nothing", code=3)
    await cli("services", "create", "shop", code=5)
    await cli("services", "create", "Not A Label", code=2)
    await cli("traffic", "set", "shop", "v1=50", code=2)
    await cli("deploy", "wine", code=2)
    await cli("services", "list", code=6, env={"PENSTOCK_URL": f"http://127.0.0.1:{free_port()}"})
    await cli("pods", "list", "shop", "v1", code=3)


async def test_people(cli: CommandLine) -> None:
    await cli("projects", "create", "red", "--description", "risk")
    await cli("users", "create", "ann")
    await cli("projects", "grant", "red", "ann", "editor")
    assert [(m["user"], m["role"]) for m in await cli.json("projects", "members", "red")] == [("ann", "editor")]
    token = await cli.json("tokens", "create", "laptop", "--user", "ann")
    as_ann = {"PENSTOCK_TOKEN": token["token"]}
    assert [p["name"] for p in await cli.json("projects", "list", env=as_ann)] == ["red"]
    assert (await cli.json("users", "show", env=as_ann))["roles"] == {"red": "editor"}
    await cli("users", "list", code=4, env=as_ann)
    assert (await cli.json("deploy", "models:/wine/1", "--project", "red", "--max", "3", env=as_ann))["replicas"] == {
        "min": 1,
        "max": 3,
        "target_concurrency": 16,
    }
    await cli("projects", "remove", "red", "ann")
    await cli("services", "show", "wine", code=3, env=as_ann)
    await cli("users", "disable", "ann")
    await cli("users", "show", code=4, env=as_ann)
    await cli("users", "enable", "ann")
    assert [t["id"] for t in await cli.json("tokens", "list", env=as_ann)] == [token["id"]]
    await cli("tokens", "revoke", token["id"])
    await cli("users", "delete", "ann")
    lines = await cli.json("audit", "--kind", "user", "--limit", "2")
    assert [(line["resource_name"], line["action"]) for line in lines] == [("ann", "deleted"), ("ann", "updated")]


async def test_resources(cli: CommandLine) -> None:
    await cli("specs", "create", "9C9G", "--cpu", "9", "--memory", "9", "--price", "1.5")
    assert (await cli.json("specs", "price", "9C9G", "2"))["price_per_hour"] == 2
    assert "9C9G" in (await cli("specs", "list")).stdout
    await cli("specs", "delete", "9C9G")
    await cli("secrets", "create", "hub", "registry", "username=ann", "password=hunter2")
    (listed,) = await cli.json("secrets", "list")
    assert (listed["fields"], "hunter2" in str(listed)) == (["password", "username"], False)
    assert (await cli.json("secrets", "replace", "hub", "username=ann", "password=x"))["fields"] == [
        "password",
        "username",
    ]
    await cli("secrets", "delete", "hub")
    assert await cli.json("usage", "--group-by", "project") == []
    assert (await cli("usage", "--csv")).stdout.startswith("period,")
    await cli("usage", "--group-by", "colour", code=2)
    await cli("services", "create", "shop")
    await cli("debug", "shop", "--data", '{"inputs": [1]}', code=5)
    await cli("debug", "shop", "--data", "{", code=2)
    await cli("debug", "nothing", code=3)


async def test_what_was_recorded_and_fields_without_an_option(cli: CommandLine, peers: Peers) -> None:
    made = await cli.json("deploy", "models:/wine/1", "--name", "shop", "--set", 'rate_limit={"qps": 7}')
    assert made["rate_limit"]["qps"] == 7
    edited = await cli.json("versions", "edit", "shop", "v1", "--set", "request_timeout_ms=1234")
    assert edited["request_timeout_ms"] == 1234
    assert (await cli.json("services", "edit", "shop", "--set", "max_body_bytes=2048"))["max_body_bytes"] == 2048
    for wrong in ("colour=1", "request_timeout_ms=soon", "request_timeout_ms"):
        await cli("versions", "edit", "shop", "v1", "--set", wrong, code=2)
    assert (await cli.json("models", "show", "wine", "1"))["version"] == "1"
    assert [s["name"] for s in await cli.json("services", "list", "--creator", "nobody")] == []
    assert [s["name"] for s in await cli.json("services", "list", "--type", "ml", "--oldest-first")] == ["shop"]
    assert "series" in await cli.json("metrics", "shop", "requests_per_second", "--step", "300")
    await cli("metrics", "shop", "requests_per_second")
    assert isinstance(await cli.json("tables", "list", "--service", "shop"), list)
    await cli("logs", "shop", "--search", "hello", "-n", "5", "--from", "2026-01-01T00:00:00Z")
    await cli("logs", "shop", "-f", "--to", "2026-01-01T00:00:00Z", code=2)
    assert await cli.json("dead-letters", "list") == []
    await cli("dead-letters", "replay", "1", code=3)
    assert (await cli.json("projects", "edit", "default", "--description", "ours"))["description"] == "ours"
    assert (await cli.json("projects", "show", "default"))["description"] == "ours"
    assert await cli.json("audit", "--from", "2999-01-01T00:00:00Z") == []


async def test_logging_in(cli: CommandLine) -> None:
    nothing = {"PENSTOCK_URL": "", "PENSTOCK_TOKEN": ""}
    await cli("services", "list", code=6, env=nothing)
    await cli("login", cli.url, "--token", "wrong", code=4, env=nothing)
    await cli("login", cli.url, "--token", TOKEN, "--name", "here", env=nothing)
    assert await cli.json("services", "list", env=nothing) == []
    assert await cli.json("context", "list", env=nothing) == [{"name": "here", "url": cli.url, "current": True}]
    await cli("context", "use", "there", code=1, env=nothing)
    assert stat.S_IMODE((cli.config / "penstock" / "contexts.json").stat().st_mode) == 0o600
