"""What the Helm chart makes, as it is rendered in the repository and, where there is a helm, with other values too.

The manifests are held to what they speak of: settings that services read, keys of the secret, labels, ports, users of
the bus, and the pod security level `restricted`.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import kubernetes_validate
import pytest
from pydantic import AliasChoices

from kubernetes_world.chart import (
    FOLDER,
    VARIANTS,
    Manifest,
    containers,
    credentials,
    manifests,
    named,
    pods,
    rendered,
    script,
)
from penstock.kubernetes import password_variable as database_password_variable
from penstock.launcher import mlflow_server
from penstock.launcher.bus.cluster_config import password_variable, render_for_cluster
from penstock.launcher.bus.config import USERS
from penstock.launcher.bus.rights import SERVICES
from penstock.launcher.postgresql import OWNERS
from router.settings import RouterSettings
from shared.app import STOP_WITHIN_S


@pytest.fixture(params=["manifests.yaml", *VARIANTS])
def documents(request: pytest.FixtureRequest) -> list[Manifest]:
    return rendered(request.param)


@cache
def read_by(service: str) -> set[str]:
    """Every environment variable that a service reads as a setting."""
    example = script("deploy/env_example.py")
    settings = example.settings_class(service.replace("-", "_"))
    prefix = settings.model_config["env_prefix"]
    names = {f"{prefix}{name}".upper() for name, field in settings.model_fields.items() if not field.validation_alias}
    for field in settings.model_fields.values():
        if isinstance(field.validation_alias, AliasChoices):
            names |= {str(choice) for choice in field.validation_alias.choices}
    return names


def test_the_rendered_files_are_current() -> None:
    assert manifests.problems(manifests.helm_program()) == []


def test_a_rendered_file_that_somebody_changed_is_seen_without_helm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in manifests.RENDERED:
        (tmp_path / name).write_text((FOLDER / name).read_text())
    monkeypatch.setattr(manifests, "FOLDER", tmp_path)
    assert manifests.problems(None) == []

    (tmp_path / "rbac-namespace.yaml").write_text((FOLDER / "rbac-namespace.yaml").read_text() + "# more\n")
    assert [each.split()[0] for each in manifests.problems(None)] == ["deploy/kubernetes/rbac-namespace.yaml"]


def test_documents_are_valid(documents: list[Manifest]) -> None:
    assert len(documents) > 20
    for document in documents:
        kubernetes_validate.validate(document, "1.34", strict=True)


def test_names_are_given_once(documents: list[Manifest]) -> None:
    names = [(each["kind"], each["metadata"].get("namespace"), each["metadata"]["name"]) for each in documents]
    assert len(names) == len(set(names))


def test_services_read_what_they_are_told(documents: list[Manifest]) -> None:
    parts, composed = {"NATS_PASSWORD", "DATABASE_PASSWORD", "PENSTOCK_URL", "PENSTOCK_TOKEN"}, {"UV_DEFAULT_INDEX"}
    mlflow = {"MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN"}
    for service in SERVICES:
        (container,) = pods(documents)[service]["spec"]["containers"]
        told = [each["name"] for each in container["env"]]
        assert len(told) == len(set(told))
        assert set(told) - read_by(service) - parts - composed - mlflow == set(), service
        assert container["args"] == ["python", "-m", service.replace("-", "_")]


def test_every_service_is_told_where_bus_and_database_are(documents: list[Manifest]) -> None:
    for service in SERVICES:
        (container,) = pods(documents)[service]["spec"]["containers"]
        prefix = service.upper().replace("-", "_")
        told = {each["name"] for each in container["env"]}
        assert {f"{prefix}_NATS_URL", f"{prefix}_ADMIN_HOST", "PENSTOCK_HOME"} <= told
        assert (f"{prefix}_DATABASE_URL" in told) == (service in OWNERS)


def test_databases_are_made_for_all_who_own_one(documents: list[Manifest]) -> None:
    jobs = [each for each in documents if each["kind"] == "Job"]
    for job in jobs:
        (container,) = job["spec"]["template"]["spec"]["containers"]
        told = {each["name"] for each in container["env"]}
        assert {"PGHOST", "PGPORT", "PGUSER", "PGPASSWORD"} <= told
        assert {database_password_variable(owner) for owner in OWNERS} <= told
    waiting = [one for each in pods(documents).values() for one in each["spec"].get("initContainers", [])]
    assert len(waiting) >= len(OWNERS) - 1
    assert all([each["name"] for each in one["env"]][-1] == "DATABASE_URL" for one in waiting)


def test_mlflow_is_told_what_the_launcher_tells_it(documents: list[Manifest]) -> None:
    if (template := pods(documents).get("mlflow")) is None:
        return
    (container,) = template["spec"]["containers"]
    told = {each["name"]: each.get("value") for each in container["env"]}
    for name, value in mlflow_server.environment("store", "/data/artifacts").items():
        assert name in told
        assert value == "store" or told[name] == value, name


def test_variables_are_composed_of_earlier_ones(documents: list[Manifest]) -> None:
    for template in pods(documents).values():
        for container in containers(template):
            before: set[str] = set()
            for each in container.get("env", []):
                assert set(re.findall(r"\$\((\w+)\)", each.get("value", ""))) <= before, each["name"]
                before.add(each["name"])


def test_keys_of_the_secret_are_made(documents: list[Manifest]) -> None:
    made = {*credentials.KEYS, "secret-key"}
    for secret, key in secret_keys(documents):
        assert secret in {"mlflow", "databases"} or key in made, key
    for document in named(documents, "Secret").values():
        assert document["data"].keys() == made


def secret_keys(documents: list[Manifest]) -> Iterator[tuple[str, str]]:
    for template in pods(documents).values():
        for container in containers(template):
            for each in container.get("env", []):
                if found := each.get("valueFrom", {}).get("secretKeyRef"):
                    yield found["name"], found["key"]


def test_the_secret_that_the_script_makes_suits_its_readers() -> None:
    values: dict[str, str] = credentials.manifest()["stringData"]
    assert len(set(values.values())) == len(values)
    assert all(re.fullmatch(r"p[A-Za-z0-9]{39}", value) for key, value in values.items() if key != "secret-key")
    assert re.fullmatch(r"[0-9a-f]{64}", values["secret-key"])


def test_selectors_select(documents: list[Manifest]) -> None:
    labels = [template["metadata"]["labels"] for template in pods(documents).values()]
    made = {"app.kubernetes.io/part-of": "penstock", "app.kubernetes.io/component": "model"}
    labels.append({**made, "penstock.io/source": "image"})
    for document in documents:
        for selector in selectors(document):
            assert any(selector.items() <= each.items() for each in labels), (document["metadata"]["name"], selector)


def selectors(found: object) -> Iterator[dict[str, str]]:
    """Of pods of ours, wherever they stand."""
    if isinstance(found, dict):
        for key, value in found.items():
            if key in ("selector", "podSelector", "labelSelector") and value:
                wanted = value.get("matchLabels", value)
                if "app.kubernetes.io/part-of" in wanted:
                    yield wanted
            yield from selectors(value)
    elif isinstance(found, list):
        for each in found:
            yield from selectors(each)


def test_ports_are_there(documents: list[Manifest]) -> None:
    ports = {name: ports_of(template) for name, template in pods(documents).items()}
    for service in named(documents, "Service").values():
        (component,) = [name for name in ports if name == service["spec"]["selector"]["app.kubernetes.io/component"]]
        assert {each["targetPort"] for each in service["spec"]["ports"]} <= ports[component].keys()
    for component, template in pods(documents).items():
        for container in containers(template):
            for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
                asked = container.get(probe, {})
                where = (asked.get("httpGet") or asked.get("tcpSocket") or {}).get("port")
                assert where is None or where in ports[component]


def ports_of(template: Manifest) -> dict[str, int]:
    return {each["name"]: each["containerPort"] for one in containers(template) for each in one.get("ports", [])}


def test_ports_of_policies_are_those_of_the_pods(documents: list[Manifest]) -> None:
    for policy in named(documents, "NetworkPolicy").values():
        component = policy["spec"]["podSelector"]["matchLabels"].get("app.kubernetes.io/component")
        if component in (None, "model"):
            continue
        open_to_somebody = {p["port"] for rule in policy["spec"].get("ingress", []) for p in rule["ports"]}
        assert open_to_somebody <= set(ports_of(pods(documents)[component]).values())


def test_every_component_has_a_policy(documents: list[Manifest]) -> None:
    policies = named(documents, "NetworkPolicy").values()
    if not policies:
        return
    covered = {each["spec"]["podSelector"]["matchLabels"].get("app.kubernetes.io/component") for each in policies}
    assert pods(documents).keys() - {"databases"} <= covered  # nothing listens in that one
    assert "model" in covered


def test_pods_are_restricted(documents: list[Manifest]) -> None:
    for component, template in pods(documents).items():
        spec = template["spec"]
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["runAsUser"] > 0
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert spec["automountServiceAccountToken"] is (component == "scheduler")
        assert spec["enableServiceLinks"] is False
        assert not {"hostNetwork", "hostPID", "hostIPC"} & spec.keys()
        assert all("hostPath" not in volume for volume in spec.get("volumes", []))
        for container in containers(template):
            context = container["securityContext"]
            assert context["allowPrivilegeEscalation"] is False
            assert context["readOnlyRootFilesystem"] is True
            assert context["capabilities"] == {"drop": ["ALL"]}
            assert not context.get("privileged")


def test_every_container_says_what_it_needs(documents: list[Manifest]) -> None:
    for component, template in pods(documents).items():
        for container in containers(template):
            assert {"cpu", "memory"} <= container["resources"]["requests"].keys(), component
            assert "memory" in container["resources"]["limits"], component
        if component != "databases":
            assert all("livenessProbe" in each and "readinessProbe" in each for each in template["spec"]["containers"])


def test_images_are_named_exactly(documents: list[Manifest]) -> None:
    for template in pods(documents).values():
        for container in containers(template):
            assert re.search(r":[\w.-]+$|@sha256:", container["image"]), container["image"]
            assert not container["image"].endswith(":latest")


def test_mounts_have_volumes(documents: list[Manifest]) -> None:
    for document in documents:
        if "template" not in document.get("spec", {}):
            continue
        spec = document["spec"]["template"]["spec"]
        claims = {each["metadata"]["name"] for each in document["spec"].get("volumeClaimTemplates", [])}
        volumes = {each["name"] for each in spec.get("volumes", [])}
        assert not claims & volumes
        for container in containers(document["spec"]["template"]):
            assert {each["name"] for each in container.get("volumeMounts", [])} <= claims | volumes


def test_a_router_has_time_to_end(documents: list[Manifest]) -> None:
    template = pods(documents)["router"]
    (container,) = template["spec"]["containers"]
    told = {each["name"]: each.get("value") for each in container["env"]}
    pre_stop = int(container["lifecycle"]["preStop"]["exec"]["command"][1])
    drain_s = RouterSettings().drain_timeout.total_seconds() + float(told["ROUTER_FLUSH_TIMEOUT"])
    assert pre_stop >= 5
    assert template["spec"]["terminationGracePeriodSeconds"] >= pre_stop + drain_s + STOP_WITHIN_S + 5
    for deployment in named(documents, "Deployment").values():
        assert deployment["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
        assert float(told["ROUTER_FLUSH_TIMEOUT"]) >= 30  # its spool ends with the pod


def test_streams_are_kept_by_as_many_servers_as_there_are(documents: list[Manifest]) -> None:
    (controller,) = pods(documents)["controller"]["spec"]["containers"]
    told = {each["name"]: each.get("value") for each in controller["env"]}
    (nats,) = [
        each for each in documents if each["metadata"]["name"].endswith("-nats") and each["kind"] == "StatefulSet"
    ]
    assert told["CONTROLLER_STREAM_REPLICAS"] == str(nats["spec"]["replicas"])


def test_nats_reads_its_configuration(documents: list[Manifest], tmp_path: Path) -> None:
    (configuration,) = named(documents, "ConfigMap").values()
    for name, text in configuration["data"].items():
        (tmp_path / name).write_text(text)
    (container,) = pods(documents)["nats"]["spec"]["containers"]
    given = {each["name"]: each.get("value") or "pA1" for each in container["env"]}
    given = {name: value.replace("$(NATS_CLUSTER_PASSWORD)", "pA1") for name, value in given.items()}
    assert {password_variable(user) for user in USERS} <= given.keys()

    program = Path(sys.executable).with_name("nats-server")
    command = [str(program), "-t", "-c", str(tmp_path / "nats.conf")]
    tried = subprocess.run(command, env={**os.environ, **given}, capture_output=True, text=True, check=False)
    assert tried.returncode == 0, tried.stderr
    assert configuration["data"]["nats.conf"].strip() == render_for_cluster().strip()


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("nats.replicas=2", "nats.replicas must be 1, 3 or 5"),
        ("routers.replicas=3", "additional properties 'routers' not allowed"),
        ("router.replica=3", "additional properties 'replica' not allowed"),
        ("router.replicas=many", "got string, want integer"),
        ("models.rollout=at-once", "models.rollout must be surge-first or free-first"),
    ],
)
def test_values_that_cannot_be_are_refused(value: str, words: str) -> None:
    helm = manifests.helm_program()
    if helm is None:
        pytest.skip("no helm on the path")
    with pytest.raises(subprocess.CalledProcessError) as refused:
        manifests.template(helm, "--set", value)
    assert words in refused.value.stderr


def test_rights_of_pods_are_given_where_the_pods_are() -> None:
    documents = rendered("grown")
    (binding,) = named(documents, "RoleBinding").values()
    (scheduler,) = pods(documents)["scheduler"]["spec"]["containers"]
    told = {each["name"]: each.get("value") for each in scheduler["env"]}
    assert binding["metadata"]["namespace"] == told["SCHEDULER_KUBERNETES_NAMESPACE"] == "models"
    assert binding["subjects"] == [
        {
            "kind": "ServiceAccount",
            "name": pods(documents)["scheduler"]["spec"]["serviceAccountName"],
            "namespace": "there",
        }
    ]
