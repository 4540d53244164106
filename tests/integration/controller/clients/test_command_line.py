"""The command line against a real controller: services, versions, deployment."""

from __future__ import annotations

import asyncio
import json
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from platforms.command_line import CommandLine
from running_services.running_controller import TOKEN, Controller, Peers
from servers.ports import free_port
from shared.contracts.deployment import VersionState
from shared.contracts.rpc.monitor import LogEntry, LogPage
from waiting.eventually import eventually

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


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


async def test_what_was_recorded_and_fields_without_an_option(cli: CommandLine, peers: Peers, tmp_path: Path) -> None:
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
    shown = await cli("charts", "shop", "requests_per_second", "responses_by_class", "--by", "none", "--step", "60")
    assert shown.stdout.count("1.5") == 2
    shown = await cli("services", "summary", "shop")
    assert ("shop" in shown.stdout, "24.1" in shown.stdout, "█·" in shown.stdout) == (True, True, True)
    assert isinstance(await cli.json("tables", "list", "--service", "shop"), list)
    await cli("logs", "shop", "--search", "hello", "-n", "5", "--from", "2026-01-01T00:00:00Z")
    await cli("logs", "shop", "-f", "--to", "2026-01-01T00:00:00Z", code=2)
    await cli("logs", "shop", "--search", "hello", "-n", "5", "--level", "error", "--level", "info", "--regex", "h.")
    assert (peers.asked_logs[-1].levels, peers.asked_logs[-1].regex) == (("error", "info"), "h.")
    assert "7 each way" in (await cli("logs", "shop", "--around", "p:0:10", "-n", "7")).stdout
    peers.stored = lambda query: LogPage(items=(LogEntry(at=NOON, version="v1", pod="p", run=0, text="größer"),))
    file = tmp_path / "logs.txt"
    await cli("logs", "shop", "--level", "info", "--download", str(file))
    assert file.read_text("utf-8") == "2026-05-01T12:00:00+00:00 p größer\n"
    for apart in (("--search", "x"), ("-f",), ("--download", "x")):
        await cli("logs", "shop", "--around", "p:0:10", *apart, code=2)
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
