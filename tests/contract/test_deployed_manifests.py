"""The files in deploy/kubernetes: valid, and no verb is granted that the backend does not use, or lacking."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

FOLDER = Path(__file__).parents[2] / "deploy" / "kubernetes"

Rule = tuple[str, str]

NAMESPACED: dict[Rule, set[str]] = {
    ("apps", "deployments"): {"list", "watch", "create", "patch", "delete"},
    ("", "pods"): {"list", "watch", "patch", "delete"},
    ("", "pods/log"): {"get"},
    ("", "pods/exec"): {"get", "create"},
    ("", "pods/eviction"): {"create"},
    ("", "secrets"): {"create", "patch"},
    ("policy", "poddisruptionbudgets"): {"create", "patch"},
    ("", "events"): {"list", "watch"},
    ("metrics.k8s.io", "pods"): {"list"},
}
CLUSTER: dict[Rule, set[str]] = {("", "nodes"): {"list", "watch", "patch"}, ("", "nodes/proxy"): {"get"}}


def documents(name: str) -> list[dict[str, Any]]:
    return [each for each in yaml.safe_load_all((FOLDER / name).read_text()) if each]


def granted(name: str, kind: str) -> dict[Rule, set[str]]:
    (role,) = [each for each in documents(name) if each["kind"] == kind]
    return {
        (group, resource): set(rule["verbs"])
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.yaml")), ids=lambda file: str(file.name))
def test_every_document_is_valid(file: Path) -> None:
    for document in documents(file.name):
        kubernetes_validate.validate(document, "1.34", strict=True)


def test_verbs_one_by_one() -> None:
    assert granted("rbac-namespace.yaml", "Role") == NAMESPACED
    assert granted("rbac-cluster.yaml", "ClusterRole") == CLUSTER
