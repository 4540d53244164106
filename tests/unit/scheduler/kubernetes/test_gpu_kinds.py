"""Kinds of GPU on a cluster: what it calls them are settings, and what these do not say is refused in a sentence."""

from __future__ import annotations

import json
from typing import Any

import kubernetes_validate
import pytest
from pydantic import ValidationError

from running_services.scheduler_world import wanted
from scheduler.backends.errors import PreparationFailed
from scheduler.backends.kubernetes.manifests.objects import deployment_manifest
from scheduler.backends.kubernetes.nodes.gpu_kinds import gpu_kinds
from scheduler.backends.kubernetes.nodes.keeper import capacity_of
from scheduler.backends.kubernetes.options import KubernetesOptions
from scheduler.settings import SchedulerSettings
from shared.contracts.deployment import Resources
from shared.contracts.nodes import GpuKind

DEPLOYMENT = wanted()
PRODUCT = "nvidia.com/gpu.product"
KINDS = {
    "NVIDIA H200": {"labels": {PRODUCT: "NVIDIA-H200"}},
    "NVIDIA H100 PCIe": {"labels": {PRODUCT: ["NVIDIA-H100-PCIe", "NVIDIA-H100-PCIe-SHARED"]}},
    "NVIDIA H100 NVL": {"labels": {PRODUCT: "NVIDIA-H100-NVL", "zone": "a"}},
    "MIG 1g.18gb": {"resource": "nvidia.com/mig-1g.18gb"},
    "Instinct MI300X": {"resource": "amd.com/gpu"},
}


def settings(monkeypatch: pytest.MonkeyPatch, kinds: object) -> SchedulerSettings:
    monkeypatch.setenv("SCHEDULER_KUBERNETES_GPU_KINDS", json.dumps(kinds))
    return SchedulerSettings()


@pytest.fixture
def options(monkeypatch: pytest.MonkeyPatch) -> KubernetesOptions:
    return KubernetesOptions(
        "models", "penstock:1", "http://s", gpu_kinds=settings(monkeypatch, KINDS).kubernetes_gpu_kinds
    )


def pod(options: KubernetesOptions, kind: str | None, gpu: int = 1) -> dict[str, Any]:
    resources = Resources(spec="x", cpu=1, memory_gb=1, gpu=gpu, gpu_kind=kind)
    manifest = deployment_manifest(DEPLOYMENT.model_copy(update={"resources": resources}), options, "t")
    kubernetes_validate.validate(manifest, "1.34", strict=True)
    found: dict[str, Any] = manifest["spec"]["template"]["spec"]
    return found


def limits(spec: dict[str, Any]) -> dict[str, str]:
    found: dict[str, str] = spec["containers"][0]["resources"]["limits"]
    assert spec["containers"][0]["resources"]["requests"].keys() == found.keys()
    return {name: count for name, count in found.items() if name not in {"cpu", "memory"}}


def terms(spec: dict[str, Any]) -> list[dict[str, Any]]:
    required = spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    found: list[dict[str, Any]] = required["nodeSelectorTerms"]
    return found


def is_in(name: str, *values: str) -> dict[str, Any]:
    return {"key": name, "operator": "In", "values": list(values)}


def test_a_kind_is_nodes_with_a_label(options: KubernetesOptions) -> None:
    spec = pod(options, "h200", 2)
    assert (limits(spec), terms(spec)) == (
        {"nvidia.com/gpu": "2"},
        [{"matchExpressions": [is_in(PRODUCT, "NVIDIA-H200")]}],
    )


def test_a_slice_is_a_resource_of_its_own(options: KubernetesOptions) -> None:
    spec = pod(options, "MIG 1g.18gb")
    assert (limits(spec), "affinity" in spec) == ({"nvidia.com/mig-1g.18gb": "1"}, False)


def test_words_that_several_kinds_hold_mean_each_of_them(options: KubernetesOptions) -> None:
    spec = pod(options, "H100")
    assert terms(spec) == [
        {"matchExpressions": [is_in(PRODUCT, "NVIDIA-H100-PCIe", "NVIDIA-H100-PCIe-SHARED")]},
        {"matchExpressions": [is_in(PRODUCT, "NVIDIA-H100-NVL"), is_in("zone", "a")]},
    ]
    assert len(terms(pod(options, "NVIDIA H100 nvl"))) == 1


def test_without_a_kind_nothing_changes(options: KubernetesOptions) -> None:
    plain = KubernetesOptions("models", "penstock:1", "http://s")
    assert pod(options, None) == pod(plain, None)
    assert (limits(pod(plain, None)), limits(pod(options, None, 0))) == ({"nvidia.com/gpu": "1"}, {})


def test_the_owner_s_affinity_stays(options: KubernetesOptions) -> None:
    mine = {"matchExpressions": [is_in("pool", "a")]}
    fields = {"matchFields": [is_in("metadata.name", "n1")]}
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [mine, fields]}}
    passed = {"affinity": {"nodeAffinity": required, "podAntiAffinity": {}}}
    whole = KubernetesOptions("models", "penstock:1", "http://s", gpu_kinds=options.gpu_kinds, pod=passed)
    spec = pod(whole, "H200")
    h200 = is_in(PRODUCT, "NVIDIA-H200")
    assert terms(spec) == [{"matchExpressions": [is_in("pool", "a"), h200]}, {**fields, "matchExpressions": [h200]}]
    assert spec["affinity"]["podAntiAffinity"] == {}
    assert pod(whole, None)["affinity"] == passed["affinity"]


@pytest.mark.parametrize("kinds", [{}, KINDS])
def test_a_kind_that_the_settings_do_not_name_is_refused(kinds: object, monkeypatch: pytest.MonkeyPatch) -> None:
    found = settings(monkeypatch, kinds).kubernetes_gpu_kinds
    with pytest.raises(PreparationFailed) as refused:
        pod(KubernetesOptions("models", "penstock:1", "http://s", gpu_kinds=found), "A10")
    assert (refused.value.reason, refused.value.is_permanent) == ("GpuKindUnknown", True)
    has = (
        "it has Instinct MI300X, MIG 1g.18gb, NVIDIA H100 NVL, NVIDIA H100 PCIe, NVIDIA H200"
        if kinds
        else "it is empty"
    )
    assert refused.value.message == (
        f"SCHEDULER_KUBERNETES_GPU_KINDS does not say what this cluster calls a GPU A10: {has}; add it, as "
        '{"A10": {"labels": {"nvidia.com/gpu.product": "NVIDIA-A10"}}} '
        "(`kubectl get nodes -L nvidia.com/gpu.product` shows what nodes have)"
    )


def test_words_that_mean_several_resources_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    found = settings(
        monkeypatch, {f"MIG {size}": {"resource": f"nvidia.com/mig-{size}"} for size in ("1g.18gb", "2g.35gb")}
    )
    with pytest.raises(PreparationFailed, match=r"ask for MIG 1g\.18gb or MIG 2g\.35gb"):
        pod(KubernetesOptions("models", "penstock:1", "http://s", gpu_kinds=found.kubernetes_gpu_kinds), "MIG")


@pytest.mark.parametrize(
    "kind",
    [
        {},
        {"resource": "a b"},
        {"labels": {PRODUCT: []}},
        {"labels": {PRODUCT: "NVIDIA H200"}},
        {"label": {"a": "b"}},
        "x",
    ],
)
def test_settings_that_no_cluster_would_take_are_refused_at_the_start(
    kind: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ValidationError):
        settings(monkeypatch, {"H200": kind})


def test_nodes_have_kinds(options: KubernetesOptions) -> None:
    def node(name: str, product: str, **has: str) -> dict[str, Any]:
        return {"metadata": {"name": name, "labels": {PRODUCT: product}}, "status": {"allocatable": has}}

    mixed = node("a", "NVIDIA-H200", **{"nvidia.com/gpu": "1", "nvidia.com/mig-1g.18gb": "7", "cpu": "8"})
    nodes = [mixed, node("b", "NVIDIA-L4", **{"nvidia.com/gpu": "2"})]
    nodes.append({"metadata": {"name": "c"}, "status": {"allocatable": {"nvidia.com/gpu": "1"}}})
    asked = {("a", "nvidia.com/mig-1g.18gb"): 3, ("b", "nvidia.com/gpu"): 1}
    assert gpu_kinds(nodes, asked, options) == (
        GpuKind(kind="NVIDIA H200", gpu=1, free=1),
        GpuKind(kind="MIG 1g.18gb", gpu=7, free=4),
        GpuKind(kind="NVIDIA-L4", gpu=2, free=1),
        GpuKind(kind=None, gpu=1, free=1),
    )
    assert capacity_of(mixed, options.gpu_resources).gpu == 8
