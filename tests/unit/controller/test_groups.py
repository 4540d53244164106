"""What a node is to the scheduler, and how it is doing."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from pydantic import ValidationError

from controller.domain.resources.groups import (
    NewNode,
    expires_soon,
    group_pod_resources,
    is_empty,
    node_intent,
    node_status,
)
from controller.domain.services.version_commands import FirstVersion, GroupSource, ResourceSource
from shared.contracts.nodes import NodeState
from shared.errors import InvalidInput
from shared.ids import new_id

NOW = datetime(2026, 11, 23, tzinfo=UTC)
MODEL = {"kind": "mlflow", "model": "wine", "version": "1"}


@dataclass
class Node:
    phase: str = "active"
    is_forced: bool = False
    is_expired: bool = False
    expires_at: datetime | None = None
    id: UUID = field(default_factory=new_id)
    name: str = "a"
    generation: int = 3
    cpu: float = 4
    memory_gb: float = 8
    gpu: int = 0


@dataclass
class Group:
    name: str = "risk"
    backend: str | None = None


RISK = Group()


def seen(node: Node, pods: int, generation: int = 3) -> NodeState:
    return NodeState(id=node.id, generation=generation, pods=pods)


@pytest.mark.parametrize(
    ("node", "takes_pods", "pods"),
    [
        (Node(), True, "stay"),
        (Node(is_expired=True), False, "stay"),
        (Node("isolated"), False, "stay"),
        (Node("draining"), False, "move"),
        (Node("draining", is_forced=True), False, "end"),
        (Node("releasing"), False, "move"),
        (Node("releasing", is_forced=True), False, "end"),
    ],
)
def test_what_the_scheduler_is_told(node: Node, takes_pods: bool, pods: str) -> None:
    told = node_intent(node, RISK)
    assert (told.is_schedulable, told.pods, told.generation, told.group) == (takes_pods, pods, 3, "risk")


def test_how_it_is_doing() -> None:
    node = Node()
    assert node_status(node, None) == "ready"
    assert node_status(replace(node, phase="isolated"), seen(node, 2)) == "isolated"
    assert node_status(replace(node, is_expired=True), None) == "expired"
    assert node_status(replace(node, phase="releasing"), seen(node, 0)) == "releasing"
    draining = replace(node, phase="draining")
    assert [node_status(draining, found) for found in (None, seen(node, 1), seen(node, 0, generation=2))] == [
        "draining"
    ] * 3
    assert node_status(draining, seen(node, 0)) == "drained"
    assert not is_empty(draining, None)


def test_a_week_before_its_end_it_is_said() -> None:
    assert not expires_soon(Node(), NOW)
    assert not expires_soon(Node(expires_at=NOW + timedelta(days=8)), NOW)
    assert expires_soon(Node(expires_at=NOW + timedelta(days=7)), NOW)
    assert expires_soon(Node(expires_at=NOW - timedelta(days=7)), NOW)


def test_where_pods_get_their_resources() -> None:
    def source(**given: object) -> ResourceSource | GroupSource:
        return FirstVersion.model_validate({"model_source": MODEL, "resource_source": given}).resource_source

    assert source(spec="2C4G") == ResourceSource(kind="shared", spec="2C4G")
    assert source(kind="group", group="risk", cpu=4, memory_gb=8).group == "risk"  # type: ignore[union-attr]
    for wrong in (
        {"kind": "group", "group": "risk"},
        {"kind": "group", "group": "risk", "cpu": 1, "memory_gb": 1, "spec": "1C2G"},
        {"kind": "shared", "group": "risk"},
        {"kind": "group", "group": "Risk!", "cpu": 1, "memory_gb": 1},
        {"kind": "group", "group": "risk", "cpu": 0, "memory_gb": 1},
        {"kind": "group", "group": "risk", "cpu": 1, "memory_gb": 1, "gpu": 0, "gpu_kind": "H200"},
        {"kind": "group", "group": "risk", "cpu": 1, "memory_gb": 1, "gpu": 1, "gpu_kind": "H200;"},
        {"kind": "shared", "spec": "1C2G", "gpu_kind": "H200"},
        {"kind": "cloud"},
        {"kind": None},
    ):
        with pytest.raises((ValidationError, InvalidInput)):
            source(**wrong)


@pytest.mark.parametrize("url", ["ftp://x", "javascript:alert(1)", "https://", "//x", "https://[", "http://a\nb"])
def test_a_providers_page_is_a_web_page(url: str) -> None:
    with pytest.raises((ValidationError, InvalidInput)):
        NewNode(name="a", cpu=1, memory_gb=1, console_url=url)


def test_a_size_is_named_by_what_it_is() -> None:
    assert group_pod_resources(RISK, 4, 8, 0).spec == "4C8G"
    assert group_pod_resources(RISK, 0.5, 1.5, 2).spec == "0.5C1.5G-2GPU"
