"""A service on nodes of its own: published there, moved off a node under load, and the node given back."""

from __future__ import annotations

import asyncio
from typing import Any

from platforms.running_platform import Platform, until
from platforms.served_model import ServedModel, figures

NODES = "/resource-groups/scoring/nodes"


def nodes_of(platform: Platform, service: str) -> list[str]:
    """Where the pods are that callers may be sent to."""
    pods = platform.api("GET", f"/services/{service}/versions/v1/pods")["items"]
    return sorted(pod["node"] for pod in pods if pod["ready"])


def put_on_nodes(platform: Platform, service: str) -> None:
    """Two nodes, and the running version moved to the one that takes pods."""
    platform.api("POST", "/resource-groups", json={"name": "scoring", "projects": ["default"]})
    for name in ("a", "b"):
        platform.api("POST", NODES, json={"name": name, "cpu": 0.5, "memory_gb": 1})
    platform.api("POST", f"{NODES}/b/isolate")
    source = {"kind": "group", "group": "scoring", "cpu": 0.5, "memory_gb": 1}
    platform.api("PATCH", f"/services/{service}/versions/v1", json={"resource_source": source})
    until(lambda: nodes_of(platform, service) == ["a"], within=60, what="the pod on node a")


def drain_and_release(platform: Platform, service: str) -> None:
    """The pod leaves node a for b, and then the node its group."""
    drained = platform.api("POST", f"{NODES}/a/drain")
    assert drained["status"] == "draining"
    pods = platform.api("GET", f"/services/{service}/versions/v1/pods")["items"]
    assert "a" in {pod["node"] for pod in pods}, "it stays where it is until another one stands in for it"
    platform.api("POST", f"{NODES}/b/resume")
    until(lambda: nodes_of(platform, service) == ["b"], within=60, what="the pod on node b")
    until(lambda: platform.api("GET", f"{NODES}/a")["status"] == "drained", within=60, what="node a empty")
    platform.api("POST", f"{NODES}/a/release")
    until(lambda: names(platform) == ["b"], within=60, what="node a gone")


def names(platform: Platform) -> list[str]:
    return [node["name"] for node in platform.api("GET", NODES)["items"]]


async def test_a_service_moves_between_nodes_and_no_caller_notices(platform: Platform) -> None:
    wine = await asyncio.to_thread(ServedModel.publish, platform, "grouped", "wine_quality")
    async with wine.under_load("groups", 30) as caller:
        await asyncio.to_thread(put_on_nodes, platform, wine.service)
        await asyncio.to_thread(drain_and_release, platform, wine.service)
    print(figures("groups", caller.ledger))
    assert caller.failed == [], "\n".join(map(str, caller.failed[:20]))

    def metered() -> Any:
        lines = platform.api("GET", "/usage?group_by=pod&service=grouped")["items"]
        return lines if len(lines) == 3 else None

    lines = await asyncio.to_thread(until, metered, within=60, what="three pods in the usage")
    assert sum(line["cost"] > 0 for line in lines) <= 1, "what ran on its own nodes costs nothing by the second"
    (node,) = platform.api("GET", NODES)["items"]
    assert (node["pods"], node["allocated"]["cpu"]) == (1, 0.5)
