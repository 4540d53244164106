"""Resource groups, their projects, their nodes, and the one service that each is bound to."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from operations.someone import someone
from running_services.running_controller import Controller, Peers, wine
from shared.contracts.nodes import PodAllocation, PoolState
from shared.contracts.rpc.controller import DEPLOYMENTS, DeploymentList
from shared.contracts.rpc.method import Nothing
from waiting.eventually import eventually

GROUP = {"name": "risk", "description": "for scoring", "tags": {"team": "risk"}, "projects": ["default"]}
NODE = {"name": "a", "cpu": 4, "memory_gb": 8}
NODES = "/resource-groups/risk/nodes"


def in_group(group: str = "risk", cpu: float = 2, memory_gb: float = 4) -> dict[str, Any]:
    return {"kind": "group", "group": group, "cpu": cpu, "memory_gb": memory_gb}


def service(name: str, **version: Any) -> dict[str, Any]:
    return {"name": name, "version": wine(resource_source=in_group()) | version}


async def told(controller: Controller, peers: Peers) -> list[tuple[str, bool, str, int]]:
    """Nodes as the scheduler reads them from the controller's list."""
    answer = await peers.scheduler.call(DEPLOYMENTS, Nothing())
    assert isinstance(answer, DeploymentList)
    return [(node.name, node.is_schedulable, node.pods, node.generation) for node in answer.nodes]


async def test_groups_come_and_go(offline: Controller) -> None:
    made = await offline.call("POST", "/resource-groups", 201, json=GROUP)
    assert {name: made[name] for name in GROUP} == GROUP
    assert (made["service"], made["nodes"], made["capacity"]["cpu"]) == (None, 0, 0)
    await offline.call("POST", "/resource-groups", 409, json=GROUP)
    await offline.call("POST", "/resource-groups", 404, json=GROUP | {"name": "x", "projects": ["nowhere"]})
    path = "/resource-groups/risk"
    await offline.call("PATCH", path, 412, json={"description": "x"}, headers={"if-match": '"7"'})
    renamed = await offline.call("PATCH", path, json={"name": "scoring", "tags": {}}, headers={"if-match": '"1"'})
    assert (renamed["name"], renamed["tags"], renamed["revision"]) == ("scoring", {}, 2)
    await offline.call("POST", "/resource-groups", 201, json=GROUP)
    await offline.call("PATCH", "/resource-groups/scoring", 409, json={"name": "risk"})
    for wrong in ({"name": "A"}, {"colour": 1}, {"tags": 1}, {"projects": ["a b"]}):
        await offline.call("POST", "/resource-groups", 400, json=GROUP | wrong)
    await offline.call("PATCH", path, 400, json={"name": None})
    names = [group["name"] for group in (await offline.call("GET", "/resource-groups"))["items"]]
    assert names == ["risk", "scoring"]
    first = await offline.call("GET", "/resource-groups?page_size=1")
    rest = await offline.call("GET", f"/resource-groups?page_size=1&cursor={first['next_cursor']}")
    assert [each["items"][0]["name"] for each in (first, rest)] == names
    assert rest["next_cursor"] is None
    assert len((await offline.call("GET", "/resource-groups?search=cor"))["items"]) == 1
    await offline.call("DELETE", path, 204)
    await offline.call("GET", path, 404)
    lines = (await offline.call("GET", "/audit?resource_kind=resource group"))["items"]
    assert {line["action"] for line in lines} == {"created", "updated", "deleted"}


async def test_a_group_is_bound_to_one_service(offline: Controller) -> None:
    await offline.call("POST", "/resource-groups", 201, json=GROUP)
    made = await offline.call("POST", "/services", 201, json=service("wine"))
    version = made["versions"][0]
    assert version["resource_source"] == in_group() | {"gpu": 0}
    assert version["billing_mode"] == "resource_group"
    refused = await offline.call("POST", "/services", 409, json=service("other"))
    assert refused["message"] == "Resource group 'risk' is bound to service 'wine'"
    await offline.call("POST", "/services/wine/versions", 201, json=wine(resource_source=in_group(cpu=1)))
    assert (await offline.call("GET", "/resource-groups/risk"))["service"] == "wine"
    for change in ({"name": "other"},):
        await offline.call("PATCH", "/resource-groups/risk", 409, json=change)
    await offline.call("DELETE", "/resource-groups/risk", 409)
    await offline.call("DELETE", "/resource-groups/risk/projects/default", 409)
    shared = {"resource_source": {"kind": "shared", "spec": "1C2G"}}
    moved = await offline.call("PATCH", "/services/wine/versions/v1", json=shared)
    assert (moved["resource_source"]["spec"], moved["billing_mode"]) == ("1C2G", "pay_as_you_go")
    await offline.call("POST", "/services", 409, json=service("other"))
    await offline.call("DELETE", "/services/wine/versions/v2", 204)
    await offline.call("POST", "/services", 201, json=service("other"))
    await offline.call("PATCH", "/services/wine/versions/v1", 409, json={"resource_source": in_group()})
    await offline.call("DELETE", "/services/other", 204)
    await offline.call("DELETE", "/resource-groups/risk", 204)
    await offline.call("POST", "/services", 404, json=service("late"))


async def test_of_services_that_want_a_group_at_once_one_gets_it(offline: Controller) -> None:
    await offline.call("POST", "/resource-groups", 201, json=GROUP)

    async def ask(name: str) -> int:
        return (await offline.client.request("POST", "/api/v1/services", json=service(name))).status_code

    assert sorted(await asyncio.gather(*(ask(f"s{number}") for number in range(6)))) == [201, *[409] * 5]


async def test_a_spec_of_the_catalogue_may_be_named_as_a_size_in_a_group(offline: Controller) -> None:
    await offline.call("POST", "/resource-groups", 201, json=GROUP)
    await offline.call("POST", "/resource-specs", 201, json={"name": "3C3G", "cpu": 3, "memory_gb": 3})
    made = await offline.call("POST", "/services", 201, json=service("wine", resource_source=in_group("risk", 3, 3)))
    await offline.call("DELETE", "/resource-specs/3C3G", 204)
    assert made["versions"][0]["resource_source"] == in_group("risk", 3, 3) | {"gpu": 0}  # no use of the spec


async def test_a_version_in_a_group_may_name_a_kind_of_gpu(offline: Controller) -> None:
    await offline.call("POST", "/resource-groups", 201, json=GROUP)
    source = in_group() | {"gpu": 1, "gpu_kind": "H200"}
    made = await offline.call("POST", "/services", 201, json=service("wine", resource_source=source))
    assert made["versions"][0]["resource_source"] == source
    changed = {"resource_source": source | {"gpu_kind": "A10"}}
    path = "/services/wine/versions/v1"
    assert (await offline.call("PATCH", path, json=changed))["resource_source"]["gpu_kind"] == "A10"
    lines = (await offline.call("GET", f"{path}/history"))["items"]
    fields = [change for line in lines for change in line["changes"] if change["field"] == "resource_source.gpu_kind"]
    assert [(each["before"], each["after"]) for each in fields] == [("H200", "A10"), (None, "H200")]
    grown = {"resource_source": source | {"gpu_kind": "A10", "cpu": 3}}
    planned = (await offline.call("PATCH", f"{path}?dry_run=true", json=grown))["changes"]
    assert planned == [{"field": "resource_source.cpu", "before": source["cpu"], "after": 3}]
    refused = await offline.call("PATCH", path, 400, json={"resource_source": source | {"gpu": 0}})
    assert refused["message"].startswith("gpu_kind 'H200' says which GPUs a pod gets, and gpu is 0")
    assert (await offline.call("PATCH", path, json={"resource_source": in_group()}))["resource_source"] == (
        in_group() | {"gpu": 0}
    )


async def test_only_projects_that_it_is_associated_with_see_and_use_it(offline: Controller) -> None:
    for project in ("red", "blue"):
        await offline.call("POST", "/projects", 201, json={"name": project})
    await offline.call("POST", "/resource-groups", 201, json=GROUP | {"projects": []})
    editor = await someone(offline, "ed", red="editor")

    async def codes(**version: Any) -> list[int]:
        body = service("wine") | {"project": "red"}
        return [
            await editor.status("GET", "/resource-groups/risk"),
            len((await editor.ask("GET", "/resource-groups")).json()["items"]),
            await editor.status("POST", "/services", json=body),
        ]

    assert await codes() == [404, 0, 404]
    await offline.call("PUT", "/resource-groups/risk/projects/blue", 204)
    assert await codes() == [404, 0, 404]
    assert (await editor.ask("GET", "/resource-groups?project=blue")).json()["items"] == []
    await offline.call("PUT", "/resource-groups/risk/projects/red", 204)
    await offline.call("PUT", "/resource-groups/risk/projects/red", 204)
    assert await codes() == [200, 1, 201]
    assert (await offline.call("GET", "/resource-groups/risk"))["projects"] == ["blue", "red"]
    await offline.call("DELETE", "/resource-groups/risk/projects/red", 409)
    await offline.call("DELETE", "/resource-groups/risk/projects/blue", 204)
    await offline.call("DELETE", "/resource-groups/risk/projects/blue", 404)
    assert await editor.status("GET", NODES) == 200
    assert await editor.status("DELETE", "/resource-groups/risk") == 403


async def test_a_group_that_projects_share_names_nothing_of_another_project(offline: Controller) -> None:
    for project in ("red", "blue"):
        await offline.call("POST", "/projects", 201, json={"name": project})
    await offline.call("POST", "/resource-groups", 201, json=GROUP | {"projects": ["blue", "red"]})
    await offline.call("POST", "/services", 201, json=service("hidden") | {"project": "blue"})
    editor = await someone(offline, "ed", red="editor")
    group = (await editor.ask("GET", "/resource-groups/risk")).json()
    assert (group["projects"], group["service"], group["is_bound"]) == (["red"], None, True)
    (listed,) = (await editor.ask("GET", "/resource-groups")).json()["items"]
    assert listed == group
    refused = await editor.ask("POST", "/services", json=service("mine") | {"project": "red"})
    assert refused.status_code == 409
    assert refused.json()["message"] == "Resource group 'risk' is bound to a service of another project"


async def test_a_node_is_a_share_of_the_machine(controller: Controller, peers: Peers) -> None:
    await controller.call("POST", "/resource-groups", 201, json=GROUP)
    await controller.call("POST", "/resource-groups", 201, json=GROUP | {"name": "fraud"})
    made = await controller.call("POST", NODES, 201, json=NODE | {"console_url": "https://cloud.example/n"})
    assert (made["machine"], made["status"], made["capacity"]) == (
        "here",
        "ready",
        {"cpu": 4, "memory_gb": 8, "gpu": 0},
    )
    peers.sees(made, pods=2)
    (listed,) = (await controller.call("GET", NODES))["items"]
    assert (listed["pods"], listed["allocated"]["cpu"], listed["allocatable"]) == (2, 2, made["capacity"])
    refused = await controller.call("POST", "/resource-groups/fraud/nodes", 409, json=NODE | {"name": "b", "cpu": 5})
    assert refused["message"] == "Machine 'here' has 4 cores left that no node reserves, not 5"
    await controller.call("POST", "/resource-groups/fraud/nodes", 409, json=NODE | {"name": "b", "gpu": 2})
    assert (await controller.call("POST", NODES, 409, json=NODE))["details"][0]["loc"] == ["name"]
    await controller.call("POST", "/resource-groups/none/nodes", 404, json=NODE)
    for wrong in ({"cpu": 0}, {"name": "A"}, {"gpu": 1.5}, {"billing_mode": "gift"}, {"colour": 1}):
        await controller.call("POST", NODES, 400, json=NODE | {"name": "b"} | wrong)
    yesterday = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    await controller.call("POST", NODES, 400, json=NODE | {"name": "b", "expires_at": yesterday})
    group = await controller.call("GET", "/resource-groups/risk")
    assert (group["nodes"], group["capacity"]["memory_gb"]) == (1, 8)
    await controller.call("DELETE", "/resource-groups/risk", 409)
    stale = {"if-match": '"7"'}
    await controller.call("PATCH", f"{NODES}/a", 412, json={"console_url": None}, headers=stale)
    assert (await controller.call("PATCH", f"{NODES}/a", json={"console_url": None}))["console_url"] is None
    await controller.call("GET", f"{NODES}/none", 404)
    await controller.call("GET", "/resource-groups/fraud/nodes/a", 404)
    assert await told(controller, peers) == [("a", True, "stay", 1)]


async def test_two_who_reserve_at_once_do_not_reserve_too_much(controller: Controller, peers: Peers) -> None:
    for name in ("risk", "fraud"):
        await controller.call("POST", "/resource-groups", 201, json=GROUP | {"name": name})

    async def ask(number: int) -> int:
        path = f"/api/v1/resource-groups/{('risk', 'fraud')[number % 2]}/nodes"
        body = {"name": f"n{number}", "cpu": 3, "memory_gb": 1}
        return (await controller.client.request("POST", path, json=body)).status_code

    assert sorted(await asyncio.gather(*(ask(number) for number in range(6)))) == [201, 201, *[409] * 4]


async def test_a_node_is_isolated_drained_and_resumed(controller: Controller, peers: Peers) -> None:
    await controller.call("POST", "/resource-groups", 201, json=GROUP)
    node = await controller.call("POST", NODES, 201, json=NODE)

    async def do(verb: str, status: int = 200, **body: Any) -> Any:
        return await controller.call("POST", f"{NODES}/a/{verb}", status, **({"json": body} if body else {}))

    isolated = await do("isolate")
    assert (isolated["status"], isolated["allocatable"]["cpu"], isolated["revision"]) == ("isolated", 0, 2)
    assert (await do("isolate"))["revision"] == 2
    assert await told(controller, peers) == [("a", False, "stay", 2)]
    assert (await do("drain", 202))["status"] == "draining"
    assert await told(controller, peers) == [("a", False, "move", 3)]
    peers.sees(node, pods=1)
    assert (await controller.call("GET", f"{NODES}/a"))["status"] == "draining"
    peers.sees(node, generation=2)
    assert (await controller.call("GET", f"{NODES}/a"))["status"] == "draining"  # it has not heard yet
    peers.sees(node)
    assert (await controller.call("GET", f"{NODES}/a"))["status"] == "drained"
    await do("drain", 202, force=True)
    assert await told(controller, peers) == [("a", False, "end", 4)]
    assert (await do("resume"))["status"] == "ready"
    assert await told(controller, peers) == [("a", True, "stay", 5)]
    for verb in ("drain", "release"):
        await do(verb, 400, force="yes")
    facts: list[tuple[str, Any]] = [(kind, body.get("reason")) for kind, body in await peers.events(5)]
    assert facts == [
        ("penstock.node.added.v1", None),
        *[("penstock.node.updated.v1", reason) for reason in ("isolated", "draining", "draining", "resumed")],
    ]
    lines = (await controller.call("GET", "/audit?resource_kind=node"))["items"]
    assert {(line["resource_name"], line["actor"]) for line in lines} == {("risk/a", "admin")}


async def test_a_released_node_goes_once_it_is_empty(controller: Controller, peers: Peers) -> None:
    await controller.call("POST", "/resource-groups", 201, json=GROUP)
    node = await controller.call("POST", NODES, 201, json=NODE)
    peers.sees(node, pods=1)
    assert (await controller.call("POST", f"{NODES}/a/release", 202))["status"] == "releasing"
    for verb, given in (("isolate", {}), ("resume", {}), ("drain", {}), ("renew", {"expires_at": None})):
        await controller.call("POST", f"{NODES}/a/{verb}", 409, json=given)
    loop = controller.app.nodes
    assert await loop.run_once() == 0
    assert await told(controller, peers) == [("a", False, "move", 2)]
    peers.sees(node, generation=1)
    assert await loop.run_once() == 0  # the scheduler may yet place something there
    peers.sees(node)
    await eventually(lambda: gone(controller, f"{NODES}/a"))
    assert await told(controller, peers) == []
    kind, body = list(await peers.events(3))[-1]
    assert (kind, body["node"]["name"], body["actor"]) == ("penstock.node.released.v1", "a", "penstock")
    await controller.call("DELETE", "/resource-groups/risk", 204)


async def gone(controller: Controller, path: str) -> bool:
    answer: httpx.Response = await controller.client.request("GET", f"/api/v1{path}")
    return answer.status_code == 404


async def test_a_node_moves_only_while_nothing_is_on_it(controller: Controller, peers: Peers) -> None:
    for name in ("risk", "fraud"):
        await controller.call("POST", "/resource-groups", 201, json=GROUP | {"name": name})
    node = await controller.call("POST", NODES, 201, json=NODE)
    move = f"{NODES}/a/move"
    await controller.call("POST", move, 409, json={"group": "fraud"})  # the scheduler does not know it yet
    peers.sees(node, pods=1)
    await controller.call("POST", move, 409, json={"group": "fraud"})
    peers.sees(node)
    await controller.call("POST", move, 404, json={"group": "none"})
    moved = await controller.call("POST", move, json={"group": "fraud"})
    assert (moved["group"], moved["status"]) == ("fraud", "ready")
    await controller.call("GET", f"{NODES}/a", 404)
    assert [node["name"] for node in (await controller.call("GET", "/resource-groups/fraud/nodes"))["items"]] == ["a"]


async def test_a_node_expires_after_a_warning_and_is_renewed(
    controller: Controller, peers: Peers, caplog: pytest.LogCaptureFixture
) -> None:
    await controller.call("POST", "/resource-groups", 201, json=GROUP)
    end = datetime.now(UTC) + timedelta(days=10)
    node = await controller.call("POST", NODES, 201, json=NODE | {"expires_at": end.isoformat()})
    peers.sees(node)
    assert not node["expires_soon"]
    assert await controller.app.nodes.run_once() == 0
    controller.clock.off_by = timedelta(days=4)

    async def warned() -> int:
        return sum("expires at" in record.message for record in caplog.records)

    await eventually(warned)
    assert await controller.app.nodes.run_once() == 0
    found = await controller.call("GET", f"{NODES}/a")
    assert (await warned(), found["expires_soon"], found["status"]) == (1, True, "ready")
    controller.clock.off_by = timedelta(days=11)

    async def has_expired() -> bool:
        return bool((await controller.call("GET", f"{NODES}/a"))["status"] == "expired")

    await eventually(has_expired)
    assert await told(controller, peers) == [("a", False, "stay", 2)]
    await controller.call("POST", f"{NODES}/a/resume", 409)
    await controller.call("POST", f"{NODES}/a/renew", 400, json={"expires_at": end.isoformat()})
    await controller.call("POST", f"{NODES}/a/renew", 400, json={})
    renewed = await controller.call("POST", f"{NODES}/a/renew", json={"expires_at": None})
    assert (renewed["status"], renewed["expires_at"], renewed["expires_soon"]) == ("ready", None, False)
    assert await told(controller, peers) == [("a", True, "stay", 3)]


async def test_without_a_scheduler_nodes_are_shown_and_none_is_added(controller: Controller) -> None:
    await controller.call("POST", "/resource-groups", 201, json=GROUP)
    await controller.call("POST", NODES, 503, json=NODE)
    assert (await controller.call("GET", NODES))["items"] == []


async def test_the_room_for_pods_is_shown_and_whose_pods_hold_it_to_their_projects(
    controller: Controller, peers: Peers
) -> None:
    for project in ("red", "blue"):
        await controller.call("POST", "/projects", 201, json={"name": project})
    await controller.call("POST", "/resource-groups", 201, json={"name": "risk", "projects": ["red"]})
    holds = [
        PodAllocation(
            project=project, service=f"of-{project}", version="v1", pods=2, cpu=2, memory_gb=4, gpu=1, gpu_kind="H200"
        )
        for project in ("red", "blue")
    ]
    on_node = PoolState(group="risk", node="a", cpu=4, memory_gb=8, held=(holds[0],), waiting=(holds[0],))
    peers.pools = (PoolState(cpu=6, memory_gb=8, held=tuple(holds)), on_node)

    shown = await controller.call("GET", "/capacity")
    shared, node = shown["pools"]
    assert (shown["machine"], shared["free"]["cpu"], shared["free"]["memory_gb"]) == ("here", 2, 0)
    assert [hold["service"] for hold in shared["held"]] == ["of-red", "of-blue"]
    assert (node["group"], node["node"], node["waiting"][0]["pods"]) == ("risk", "a", 2)

    blue = await someone(controller, "ben", blue="viewer")
    (seen,) = (await blue.ask("GET", "/capacity")).json()["pools"]
    assert [(hold["service"], hold["project"], hold["gpu"], hold["gpu_kind"]) for hold in seen["held"]] == [
        ("of-blue", "blue", 1, "H200"),
        (None, None, 1, None),
    ]
    red = await someone(controller, "rea", red="viewer")
    assert [pool["group"] for pool in (await red.ask("GET", "/capacity")).json()["pools"]] == [None, "risk"]
