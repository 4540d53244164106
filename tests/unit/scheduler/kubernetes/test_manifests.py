"""What is applied for a version: valid for every Kubernetes that is served, and admitted by `restricted`."""

from __future__ import annotations

import json
from typing import Any

import kubernetes_validate
import pytest

from running_services.scheduler_world import wanted
from scheduler.backends.kubernetes.manifests.names import labels_of, object_name, owner_of
from scheduler.backends.kubernetes.manifests.objects import (
    deployment_manifest,
    disruption_budget_manifest,
    secret_manifest,
)
from scheduler.backends.kubernetes.options import KubernetesOptions
from scheduler.domain.placement import Capacity
from shared.contracts.deployment import Autoscaling, Deployment, Resources, SecretKeyRef

OPTIONS = KubernetesOptions(namespace="models", image="penstock:1", supply_url="http://scheduler:9112")
VERSIONS = ("1.30", "1.34", "1.35")


def template(deployment: Deployment, options: KubernetesOptions = OPTIONS) -> dict[str, Any]:
    found: dict[str, Any] = deployment_manifest(deployment, options, "t" * 64)["spec"]["template"]
    return found


def model(deployment: Deployment, options: KubernetesOptions = OPTIONS) -> dict[str, Any]:
    (found,) = template(deployment, options)["spec"]["containers"]
    return dict(found)


@pytest.mark.parametrize("version", VERSIONS)
def test_all_objects_are_valid(version: str) -> None:
    deployment = wanted(2).model_copy(update={"env": {"PLAIN": "1", "HIDDEN": SecretKeyRef(secret="s", key="k")}})
    full = KubernetesOptions(
        namespace="models",
        image="penstock:1",
        supply_url="http://scheduler:9112",
        claim="models",
        image_pull_secrets=("pull",),
        pod={"runtimeClassName": "nvidia", "tolerations": [{"operator": "Exists"}], "priorityClassName": "high"},
        prepare_environment={"UV_DEFAULT_INDEX": "https://pypi.org/simple"},
    )
    for manifest in (
        deployment_manifest(deployment, OPTIONS, "token"),
        deployment_manifest(deployment, full, "token"),
        secret_manifest(deployment, OPTIONS, {"pod-token": "a", "env.HIDDEN": "b"}),
        disruption_budget_manifest(deployment, OPTIONS),
    ):
        kubernetes_validate.validate(manifest, version, strict=True)


def test_every_container_is_as_restricted_asks() -> None:
    spec = template(wanted())["spec"]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["automountServiceAccountToken"] is False
    assert spec["enableServiceLinks"] is False
    for each in [*spec["initContainers"], *spec["containers"]]:
        context = each["securityContext"]
        assert context["allowPrivilegeEscalation"] is False
        assert context["readOnlyRootFilesystem"] is True
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}


def test_a_pod_serves_on_while_routers_hear_of_its_end() -> None:
    spec = template(wanted())["spec"]
    (container,) = spec["containers"]
    assert container["lifecycle"]["preStop"] == {"sleep": {"seconds": 5}}
    assert spec["terminationGracePeriodSeconds"] == 5 + 35
    old = KubernetesOptions("models", "penstock:1", "http://s", has_sleep_action=False)
    assert model(wanted(), old)["lifecycle"]["preStop"] == {"exec": {"command": ["sleep", "5"]}}


def test_secrets_are_no_part_of_the_deployment() -> None:
    deployment = wanted().model_copy(update={"env": {"HIDDEN": SecretKeyRef(secret="s", key="k")}})
    text = json.dumps(deployment_manifest(deployment, OPTIONS, "token"))
    assert '"key": "env.HIDDEN"' in text
    assert "PENSTOCK_TICKET" in text
    assert "NATS" not in text


def test_the_template_stays_while_what_a_pod_is_made_of_stays() -> None:
    """Or the cluster would replace pods for nothing."""
    one = wanted(1)
    other = one.model_copy(
        update={
            "generation": 7,
            "desired_replicas": 5,
            "project": "another",
            "autoscaling": Autoscaling(min=0, max=9),
        }
    )
    assert template(one) == template(other)
    changed = one.model_copy(update={"restart": 3})
    assert template(one) != template(changed)


def test_limits_are_as_asked_for_and_requests_as_overcommitted() -> None:
    shared = KubernetesOptions("models", "penstock:1", "http://s", overcommit=Capacity(4, 2, 1))
    resources = model(wanted(), shared)["resources"]
    assert resources["limits"] == {"cpu": "1000m", "memory": str(2 << 30)}
    assert resources["requests"] == {"cpu": "250m", "memory": str(1 << 30)}


def test_a_group_s_pods_run_on_its_nodes_alone_and_get_what_they_ask_for() -> None:
    deployment = wanted().model_copy(update={"resources": Resources(spec="x", cpu=2, memory_gb=4, gpu=1, group="risk")})
    options = KubernetesOptions(
        "models", "penstock:1", "http://s", overcommit=Capacity(4, 2, 1), gpu_resource="nvidia.com/mig-1g.18gb"
    )
    spec = template(deployment, options)["spec"]
    assert spec["nodeSelector"] == {"penstock.io/group": "risk"}
    assert {"key": "penstock.io/group", "operator": "Equal", "value": "risk", "effect": "NoSchedule"} in spec[
        "tolerations"
    ]
    resources = spec["containers"][0]["resources"]
    assert resources["requests"] == resources["limits"]
    assert resources["limits"]["nvidia.com/mig-1g.18gb"] == "1"


def test_roll_outs() -> None:
    def rolling(options: KubernetesOptions) -> object:
        return deployment_manifest(wanted(), options, "t")["spec"]["strategy"]["rollingUpdate"]

    assert rolling(OPTIONS) == {"maxSurge": 1, "maxUnavailable": 0}
    free_first = KubernetesOptions("models", "penstock:1", "http://s", rollout="free-first")
    assert rolling(free_first) == {"maxSurge": 0, "maxUnavailable": 1}


def test_names_are_short_enough_that_no_pod_s_is_cut() -> None:
    deployment = wanted().model_copy(update={"service": "a" * 63, "version": "b" * 63})
    name = object_name(deployment)
    pod = f"{name}-{'c' * 10}-{'d' * 5}"
    assert len(pod) <= 63
    assert owner_of(pod) == name
    assert all(len(value) <= 63 for value in labels_of(deployment, "penstock").values())
    assert object_name(wanted()) != object_name(wanted())
