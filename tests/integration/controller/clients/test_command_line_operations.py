"""The command line against a real controller: groups, capacity, logs, people, resources."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys

from platforms.command_line import CommandLine
from running_services.running_controller import TOKEN, Peers
from shared.clock import SystemClock
from shared.contracts.metrics.samples import LogLine, PodOutput
from shared.contracts.nodes import GpuKind, PodAllocation, PoolState
from shared.contracts.rpc.monitor import LogPage


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


async def test_a_group_names_what_runs_its_pods(cli: CommandLine, peers: Peers) -> None:
    peers.has("process", "docker")
    assert (await cli.json("groups", "create", "boxes", "--backend", "docker"))["backend"] == "docker"
    refused = await cli("groups", "create", "far", "--backend", "kubernetes", code=2)
    assert "it has process, docker (SCHEDULER_BACKENDS)" in refused.stderr
    await cli("groups", "edit", "boxes", "--backend", "podman", code=2)
    assert (await cli.json("groups", "edit", "boxes", "--backend", "default"))["backend"] is None
    assert (await cli.json("groups", "edit", "boxes", "--backend", "process"))["backend"] == "process"
    told = (await cli("capacity")).stdout.splitlines()[-2:]
    assert told == ["process (default) runs pods on here", "docker runs pods on here"]


async def test_the_room_for_pods_is_a_line_a_pool(cli: CommandLine, peers: Peers) -> None:
    hold = PodAllocation(project="default", service="wine", version="v1", pods=2, cpu=2, memory_gb=4)
    kinds = (GpuKind(kind="NVIDIA H200", gpu=1, free=0), GpuKind(kind="NVIDIA A10", gpu=1, free=1))
    held, waiting = hold.model_copy(update={"gpu": 1}), hold.model_copy(update={"gpu": 2, "gpu_kind": "A10"})
    peers.pools = (PoolState(cpu=8, memory_gb=30, gpu=2, gpu_kinds=kinds, held=(held,), waiting=(waiting,)),)
    head, line = (await cli("capacity")).stdout.splitlines()
    assert head.split()[:5] == ["POOL", "CORES", "FREE", "CORES", "GIB"]
    assert line.split()[:5] == ["shared", "8", "6", "30", "26"]
    assert "held by wine/v1 (2 cores, 4 GiB, 1 GPU); waiting: wine/v1 (2 cores, 4 GiB, 2 GPU A10)" in line
    assert "1 of 2 (0 of 1 NVIDIA H200, 1 of 1 NVIDIA A10)" in line
    pool = (await cli.json("capacity"))["pools"][0]
    assert [(hold["gpu"], hold["gpu_kind"]) for hold in (*pool["held"], *pool["waiting"])] == [(1, None), (2, "A10")]
    assert (pool["free"]["cpu"], pool["gpu_kinds"][1]) == (6, {"kind": "NVIDIA A10", "gpu": 1, "free": 1})


async def test_who_waits_in_a_group_without_nodes_is_seen(cli: CommandLine, peers: Peers) -> None:
    await cli("groups", "create", "risk", "--project", "default")
    waiting = PodAllocation(project="default", service="wine", version="v1", pods=1, cpu=2, memory_gb=4)
    peers.pools = (
        PoolState(cpu=8, memory_gb=30),
        PoolState(group="risk", cpu=0, memory_gb=0, is_open=False, waiting=(waiting,)),
    )
    line = (await cli("capacity")).stdout.splitlines()[-1]
    assert line.split()[:5] == ["risk", "0", "0", "0", "0"]
    assert line.endswith("no nodes: add one (penstock nodes add risk …); waiting: wine/v1 (2 cores, 4 GiB)")
    assert (await cli.json("capacity"))["pools"][1]["waiting"][0]["service"] == "wine"


async def test_a_kind_of_gpu_is_an_option_of_specs_and_of_pods(cli: CommandLine) -> None:
    size = ("--cpu", "8", "--memory", "32")
    made = await cli.json("specs", "create", "8C32G-H200", *size, "--gpu", "1", "--gpu-kind", "H200")
    assert (made["gpu"], made["gpu_kind"]) == (1, "H200")
    refused = await cli("specs", "create", "none", *size, "--gpu-kind", "H200", code=2)
    assert "gpu is 0: ask for one at least" in refused.stderr
    await cli("groups", "create", "risk", "--project", "default")
    of_group = ("--group", "risk", *size, "--gpu", "1", "--gpu-kind", "MIG 1g.18gb")
    await cli("deploy", "models:/wine/1", "--name", "shop", *of_group)
    shown = await cli("versions", "show", "shop", "v1")
    assert "1 GPU MIG 1g.18gb of group risk" in shown.stdout
    edited = await cli.json("versions", "edit", "shop", "v1", *of_group[:-1], "A10")
    assert edited["resource_source"]["gpu_kind"] == "A10"
    await cli("deploy", "models:/wine/1", "--name", "other", "--gpu-kind", "H200", code=2)


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


async def test_before_and_after_an_update(cli: CommandLine, peers: Peers) -> None:
    await cli.json("deploy", "models:/wine/1", "--name", "wine")
    planned = await cli.json("versions", "edit", "wine", "v1", "--replicas", "3", "--dry-run")
    assert planned["changes"] == [{"field": "replicas", "before": 1, "after": 3}]
    moved = await cli("versions", "edit", "wine", "v1", "--model", "models:/wine/2", "--dry-run")
    assert "model_source.version: 1 → 2" in moved.stdout
    assert "replaces_pods      yes" in moved.stdout
    assert "nothing" in (await cli("traffic", "set", "wine", "v1=100", "--dry-run")).stdout
    assert "auth_enabled: true → false" in (await cli("services", "edit", "wine", "--no-auth", "--dry-run")).stdout
    assert [line["action"] for line in await cli.json("versions", "history", "wine", "v1")] == ["created"]
    assert "fetching" in (await cli("pods", "timeline", "wine", "v1", "wine-v1-0")).stdout
    await cli("request", "wine", "missing", code=3)


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
    assert "/#/sign-in?link=" in (await cli("console", "--no-open", env=as_ann)).stdout
    await cli("console", "--sign-out", env=as_ann)
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
    await cli("secrets", "create", "keys", "s3", "access_key=AK", "secret_key=hunter3")
    made = await cli.json(
        "destinations", "create", "lake", "s3://lake/x", "--endpoint", "http://s3.test", "--secret", "keys"
    )
    assert (made["url"], made["path_style"], made["state"]) == ("s3://lake/x", True, "unknown")
    assert await cli.json("destinations", "list") == [made]
    replaced = await cli.json("destinations", "replace", "lake", "s3://lake/y", "--virtual-host", "--secret", "keys")
    assert (replaced["url"], replaced["path_style"], replaced["endpoint"]) == ("s3://lake/y", False, None)
    assert (await cli.json("destinations", "show", "lake"))["revision"] == 2
    await cli("destinations", "test", "lake", code=6)
    await cli("secrets", "delete", "keys", code=5)
    await cli("destinations", "delete", "lake")
    assert await cli.json("usage", "--group-by", "project") == []
    assert (await cli("usage", "--csv")).stdout.startswith("period,")
    await cli("usage", "--group-by", "colour", code=2)
    await cli("services", "create", "shop")
    await cli("debug", "shop", "--data", '{"inputs": [1]}', code=5)
    await cli("debug", "shop", "--data", "{", code=2)
    await cli("debug", "nothing", code=3)


async def test_label_sources_are_created_and_replaced_by_the_same_options(cli: CommandLine) -> None:
    await cli("services", "create", "shop")
    await cli("secrets", "create", "db", "postgresql", "url=postgresql://reader:pw@db.example.com/shop")
    query = ("--format", "sql", "--query", "SELECT * FROM truth", "--secret", "db", "--key", "request_id=id")
    made = await cli.json("label-sources", "create", "shop", "truth", *query, "--label", "quality")
    assert (made["label"], made["key"], made["revision"]) == ("quality", {"request_id": "id"}, 1)
    await cli("label-sources", "create", "shop", "truth", *query, "--label", "quality", code=5)
    replaced = await cli.json("label-sources", "replace", "shop", "truth", *query, "--label", "a=b", "--paused")
    assert (replaced["label"], replaced["paused"], replaced["revision"]) == ({"a": "b"}, True, 2)
    assert [one["name"] for one in await cli.json("label-sources", "list", "shop")] == ["truth"]
    await cli("label-sources", "delete", "shop", "truth")
    await cli("label-sources", "show", "shop", "truth", code=3)


async def test_canaries_are_asked_for_and_refused_in_one_line(cli: CommandLine) -> None:
    await cli("services", "create", "shop")
    assert await cli.json("canaries", "list", "shop") == []
    await cli("canaries", "show", "shop", code=2)
    start = ("canaries", "start", "shop", "v2")
    await cli(*start, "--steps", "5,half", code=2)
    await cli(*start, "--guardrail", "errors=few", code=2)
    await cli(*start, "--set", "colour=1", code=2)
    options = (
        "--steps",
        "5,25",
        "--guardrail",
        "errors=0.01",
        "--guardrail",
        "latency_p95=1.2",
        "--min-duration",
        "PT1M",
    )
    await cli(*start, *options, code=3)
    await cli("canaries", "abort", "shop", "0192c0de-0000-7000-8000-000000000009", code=3)


async def test_monitors_are_created_and_replaced_by_the_same_options(cli: CommandLine) -> None:
    await cli("services", "create", "shop")
    rule = ("--kind", "drift", "--metric", "psi", "--warning", "0.1")
    made = await cli.json("monitors", "create", "shop", "moved", *rule, "--column", "a", "--baseline", "window")
    assert (made["columns"], made["baseline"]["kind"], made["revision"]) == (["a"], "window", 1)
    await cli("monitors", "create", "shop", "moved", *rule, code=5)
    await cli("monitors", "create", "shop", "other", *rule, "--weeks", "2", code=2)
    replaced = await cli.json("monitors", "replace", "shop", "moved", *rule, "--windows", "2 of 3", "--paused")
    assert (replaced["windows"], replaced["paused"], replaced["state"]) == ("2 of 3", True, "paused")
    assert [one["name"] for one in await cli.json("monitors", "list", "shop")] == ["moved"]
    await cli("monitors", "delete", "shop", "moved")
    await cli("monitors", "show", "shop", "moved", code=3)
