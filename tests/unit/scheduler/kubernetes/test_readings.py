"""Usage, nodes, terminals: what the cluster answers, read."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

from scheduler.backends.kubernetes.nodes.keeper import is_open, release_changes, shared_capacity, wanted_changes
from scheduler.backends.kubernetes.pods.usage import read_metrics, read_summary
from scheduler.backends.kubernetes.terminal import read_status, refusal_of
from scheduler.domain.placement import Capacity
from scheduler.domain.values import MeasuredUsage
from shared.contracts.nodes import Node


def node(name: str = "node-1", *, ready: bool = True, group: str | None = None, **spec: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "resourceVersion": "7", "labels": {"penstock.io/group": group} if group else {}},
        "spec": spec,
        "status": {
            "allocatable": {"cpu": "3800m", "memory": "8Gi", "nvidia.com/gpu": "2"},
            "conditions": [{"type": "Ready", "status": str(ready)}],
        },
    }


def wanted_node(**changes: Any) -> Node:
    return Node(id=uuid4(), name="node-1", group="risk", generation=1, cpu=2, memory_gb=4).model_copy(update=changes)


def test_metrics() -> None:
    listed = {
        "items": [
            {
                "metadata": {"name": "a"},
                "containers": [
                    {"name": "model", "usage": {"cpu": "250m", "memory": "128Mi"}},
                    {"name": "other", "usage": {"cpu": "1", "memory": "1Gi"}},
                ],
            }
        ]
    }
    assert list(read_metrics(listed)) == [MeasuredUsage("a", 0.25, 128 << 20)]


def test_a_kubelet_s_summary() -> None:
    def of(name: str, namespace: str) -> dict[str, Any]:
        used = {"name": "model", "cpu": {"usageNanoCores": 5e8}, "memory": {"workingSetBytes": 1024}}
        return {"podRef": {"name": name, "namespace": namespace}, "containers": [used]}

    summary = {"pods": [of("a", "models"), of("a", "others"), of("b", "models")]}
    assert list(read_summary(summary, "models", {"a": "node-1"})) == [MeasuredUsage("a", 0.5, 1024)]


def test_room_of_nodes_that_nobody_has() -> None:
    nodes = [node(), node("node-2", group="risk"), node("node-3", ready=False), node("node-4", unschedulable=True)]
    assert shared_capacity(nodes, ["nvidia.com/gpu"]) == Capacity(3.8, 8, 2)
    assert [is_open(each) for each in nodes] == [True, True, False, False]


def test_a_node_becomes_its_group_s_and_keeps_what_others_said_of_it() -> None:
    theirs = {"key": "theirs", "effect": "NoExecute"}
    changes = wanted_changes(node(taints=[theirs]), wanted_node())
    assert changes is not None
    ours = {"key": "penstock.io/group", "value": "risk", "effect": "NoSchedule"}
    assert changes["metadata"] == {"labels": {"penstock.io/group": "risk"}, "resourceVersion": "7"}
    assert changes["spec"] == {"taints": [theirs, ours], "unschedulable": None}
    done = node(group="risk", taints=[theirs, ours])
    assert wanted_changes(done, wanted_node()) is None
    isolated = wanted_changes(done, wanted_node(is_schedulable=False))
    assert isolated is not None
    assert isolated["spec"]["unschedulable"] is True
    assert release_changes(done)["spec"] == {"taints": [theirs], "unschedulable": None}


def test_how_a_session_ended() -> None:
    def status(**of: Any) -> bytes:
        return json.dumps({"kind": "Status", **of}).encode()

    assert read_status(status(status="Success"))[0].code == 0
    cause = {"reason": "ExitCode", "message": "3"}
    failed = status(status="Failure", reason="NonZeroExitCode", details={"causes": [cause]})
    assert read_status(failed)[0].code == 3
    killed = status(
        status="Failure", reason="NonZeroExitCode", details={"causes": [{"reason": "ExitCode", "message": "137"}]}
    )
    assert read_status(killed)[0].signal == "SIGKILL"
    refused = read_status(status(status="Failure", reason="InternalError", message="no such file or directory"))
    assert refused[1] == "no such file or directory"
    assert read_status(b"nonsense")[0].describe() == "exit status unknown"


def test_why_a_session_is_refused() -> None:
    assert "no shell" in refusal_of('exec: "/bin/sh": stat /bin/sh: no such file or directory', has_command=True)
    assert "the command is not there" in refusal_of("sh: 1: exec: nothing: not found", has_command=True)
