"""The Helm chart as manifests: those in the repository, and, where there is a helm, those of other values."""

from __future__ import annotations

import importlib.util
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "deploy/kubernetes"
Manifest = dict[str, Any]

VARIANTS: dict[str, str] = {
    "by address": "postgresql.host=db.example,postgresql.parameters=sslmode=require,mlflow.url=https://mlflow.example,"
    "mlflow.existingSecret=mlflow,tables.url=s3://lake/penstock,scheduler.clusterRole=true",
    "own databases": "postgresql.existingSecret=databases,credentials.existingSecret=mine,models.claim=kept",
    "for trying": "nats.replicas=1,router.replicas=1,persistence.enabled=false,networkPolicy.enabled=false",
    "grown": "router.autoscaling.enabled=true,router.spool.persistent=true,models.namespace=models,"
    "image.digest=sha256:00,image.pullSecrets={pull},objectStore.enabled=true,persistence.storageClass=fast,"
    "pod.priorityClassName=high,pod.nodeSelector.pool=platform,models.pod.runtimeClassName=nvidia,"
    "tables.accessModes={ReadWriteMany}",
    "seen from outside": "ingress.enabled=true,ingress.controllerHost=penstock.example,"
    "ingress.routerHost=models.example,ingress.tlsSecret=tls,controller.publicUrl=https://penstock.example,router.publicUrl=https://models.example,"
    "controller.env.CONTROLLER_CURRENCY=EUR,scheduler.env.UV_DEFAULT_INDEX=https://index.example/simple,"
    "networkPolicy.metricsFrom[0].namespaceSelector.matchLabels.name=monitoring,networkPolicy.modelsToInternet=true",
}


def script(path: str) -> Any:
    name = Path(path).stem
    spec = importlib.util.spec_from_file_location(f"deploy_{name}", ROOT / path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


manifests = script("deploy/manifests.py")
credentials = script("deploy/kubernetes/credentials.py")


@cache
def rendered(variant: str) -> list[Manifest]:
    if variant == "manifests.yaml":
        text = (FOLDER / variant).read_text()
    else:
        helm = manifests.helm_program()
        if helm is None:
            pytest.skip("no helm on the path (HELM names it): only the rendered manifests are looked at")
        text = manifests.template(helm, "--namespace", "there", "--set", VARIANTS[variant])
    return [each for each in yaml.safe_load_all(text) if each]


def pods(documents: list[Manifest]) -> dict[str, Manifest]:
    """Component → pod template."""
    templates = [each["spec"]["template"] for each in documents if "template" in each.get("spec", {})]
    return {each["metadata"]["labels"]["app.kubernetes.io/component"]: each for each in templates}


def containers(template: Manifest) -> list[Manifest]:
    return [*template["spec"].get("initContainers", []), *template["spec"]["containers"]]


def named(documents: list[Manifest], kind: str) -> dict[str, Manifest]:
    return {each["metadata"]["name"]: each for each in documents if each["kind"] == kind}
