"""What a pod waits for on a cluster whose nodes have not the kind of GPU that it asks for."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from kubernetes_world.objects import NAME, condition, pod
from running_services.scheduler_world import wanted
from scheduler.backends.kubernetes.api.informer import Informer
from scheduler.backends.kubernetes.manifests.names import DEPLOYMENT_ANNOTATION, GROUP_LABEL
from scheduler.backends.kubernetes.nodes.room import ClusterRoom
from scheduler.backends.kubernetes.options import KubernetesOptions
from scheduler.backends.kubernetes.pods.observer import PodObserver
from scheduler.domain.cluster_gpus import ClusterGpuKind
from shared.clock import SystemClock
from shared.contracts.deployment import Resources

PRODUCT = "nvidia.com/gpu.product"
KINDS = {
    "NVIDIA H200": ClusterGpuKind(labels={PRODUCT: "NVIDIA-H200"}),
    "NVIDIA H100": ClusterGpuKind(labels={PRODUCT: ("NVIDIA-H100-PCIe", "NVIDIA-H100-NVL")}),
    "MIG 1g.18gb": ClusterGpuKind(resource="nvidia.com/mig-1g.18gb"),
}
OPTIONS = KubernetesOptions("models", "penstock:1", "http://s", gpu_kinds=KINDS)


def node(name: str, product: str, group: str | None = None) -> dict[str, Any]:
    labels = {PRODUCT: product} | ({GROUP_LABEL: group} if group else {})
    return {"metadata": {"name": name, "labels": labels}, "status": {"allocatable": {"nvidia.com/gpu": "2"}}}


def missing(kind: str | None, *nodes: dict[str, Any], group: str | None = None, gpu: int = 1) -> str | None:
    resources = Resources(spec="x", cpu=1, memory_gb=1, gpu=gpu, gpu_kind=kind, group=group)
    made_of = wanted().model_copy(update={"resources": resources})
    unscheduled = condition("PodScheduled", "False", "0/2 nodes are available: 2 Insufficient nvidia.com/gpu.")
    waits = pod(node=None, phase="Pending", conditions=[unscheduled])
    waits["metadata"]["annotations"] = {DEPLOYMENT_ANNOTATION: made_of.model_dump_json()}
    observer = PodObserver(lambda _: None, SystemClock(), lambda _: None)
    observer.changed("added", waits)
    of = {each["metadata"]["name"]: each for each in nodes}
    pods, there = (cast(Informer, SimpleNamespace(objects=objects)) for objects in ({NAME: waits}, of))
    room = ClusterRoom(pods, observer, there, OPTIONS, lambda _: None)
    return room.missing_gpus().get(NAME)


H200, H100 = node("a", "NVIDIA-H200"), node("b", "NVIDIA-H100-NVL")


@pytest.mark.parametrize(
    ("kind", "group", "why"),
    [
        ("H100", None, "no node has a GPU H100, only 2 NVIDIA H200: ask for one of these kinds, or add a node with"),
        ("MIG 1g.18gb", None, "no node has a GPU MIG 1g.18gb, only 2 NVIDIA H200: "),
        (
            "H200",
            "risk",
            "no node has a GPU H200 in resource group risk, only 2 NVIDIA H100: ask for one of these kinds",
        ),
    ],
)
def test_a_kind_that_no_node_has_is_said(kind: str, group: str | None, why: str) -> None:
    found = missing(kind, H200, node("c", "NVIDIA-H100-PCIe", "risk"), group=group)
    assert found is not None
    assert found.startswith(why)


@pytest.mark.parametrize(
    ("kind", "group", "gpu"), [("H200", None, 1), ("H100", None, 1), (None, None, 1), (None, None, 0), ("H200", "x", 1)]
)
def test_of_what_nodes_have_and_of_a_group_without_nodes_nothing_is_said(
    kind: str | None, group: str | None, gpu: int
) -> None:
    assert missing(kind, H200, H100, group=group, gpu=gpu) is None


def test_where_nodes_may_not_be_looked_at_the_cluster_s_words_stay() -> None:
    assert missing("H100") is None
