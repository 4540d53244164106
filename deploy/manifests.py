"""Writes what is made for and of the Helm chart: two files in it, and the rendered files of `deploy/kubernetes`.

NATS' configuration comes from the rights of the bus' users, the values' schema from the values; the rendered files come
from `helm template`. `--check` compares: the files in the chart always, the others by `helm` where it is there, else by
the digests that each has in its first line. `HELM` names the program where it is not on the path.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from penstock.launcher.bus.cluster_config import render_for_cluster

FOLDER = Path(__file__).resolve().parent / "kubernetes"
CHART = FOLDER / "chart"
NATS = CHART / "files" / "nats.conf"
VALUES, SCHEMA = CHART / "values.yaml", CHART / "values.schema.json"
KUBERNETES = "1.34.0"
OPEN = ("resources",)
"""Values whose keys are Kubernetes' own; so are those of values that are empty."""
HINT = "differs from the chart; run `python deploy/manifests.py` with helm 3 on the path, or named by HELM"
SECRET = "penstock-credentials"  # noqa: S105 - a name
"""In rendered files no secret is made: each rendering would make another."""

RENDERED: dict[str, tuple[str, ...]] = {
    "manifests.yaml": ("--namespace", "penstock"),
    "rbac-namespace.yaml": ("--show-only", "templates/rbac-namespace.yaml"),
    "rbac-cluster.yaml": (
        *("--namespace", "NAMESPACE", "--set", "scheduler.clusterRole=true"),
        *("--show-only", "templates/rbac-cluster.yaml"),
    ),
    "network-policy.yaml": (
        *("--set", "networkPolicy.modelsToInternet=true"),
        *("--show-only", "templates/network-policy-models.yaml"),
    ),
}
"""File → arguments of `helm template`."""


def digest() -> str:
    """Of everything that the chart consists of."""
    told = hashlib.sha256()
    for path in sorted(path for path in CHART.rglob("*") if path.is_file()):
        told.update(f"{path.relative_to(CHART)}\0".encode() + path.read_bytes() + b"\0")
    return told.hexdigest()


def header(name: str, body: str) -> str:
    """First line of a rendered file: what it was made of, and that nobody has changed it since."""
    own = hashlib.sha256(body.encode()).hexdigest()
    made_of = f"chart {digest()[:16]}, text {own[:16]}"
    return f"# {name}: made by deploy/manifests.py, {made_of}; a change belongs in the chart.\n"


def render(name: str, helm: str) -> str:
    """The file's text. Raises `CalledProcessError`, with helm's own words on standard error."""
    arguments = ("--set", f"credentials.existingSecret={SECRET}", *RENDERED[name])
    # Helm did not put it there, and would not take it over.
    body = re.sub(r"\n +(app\.kubernetes\.io/managed-by: Helm|helm\.sh/[^\n]*)(?=\n)", "", template(helm, *arguments))
    return header(name, body) + body


def template(helm: str, *arguments: str) -> str:
    """What `helm template` makes of the chart, without lines that have nothing."""
    command = [helm, "template", "penstock", str(CHART), "--kube-version", KUBERNETES, *arguments]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603
    return re.sub(r"\n(\s*\n)+", "\n", text)


def schema() -> str:
    """JSON schema of the values: a key that the chart does not know is refused, and so is a value of another type."""
    values = yaml.safe_load(VALUES.read_text())
    found = {"$schema": "http://json-schema.org/draft-07/schema#", **_schema_of("", values)}
    # Helm's own, for a chart that another one includes.
    found["properties"]["global"] = {"type": "object"}
    return json.dumps(found, indent=2) + "\n"


def _schema_of(key: str, value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        if not value or key in OPEN:
            return {"type": "object"}
        properties = {name: _schema_of(name, each) for name, each in value.items()}
        return {"type": "object", "additionalProperties": False, "properties": properties}
    if isinstance(value, str):
        return {"type": ["string", "number"] if key == "tag" else "string"}  # `--set image.tag=16` is a number
    types = {bool: "boolean", int: "integer", list: "array"}
    return {"type": types[type(value)]}


def helm_program() -> str | None:
    """Path of helm."""
    return shutil.which(os.environ.get("HELM", "helm"))


def problems(helm: str | None) -> list[str]:
    """What is not current, a line each."""
    found = (
        [] if NATS.exists() and NATS.read_text() == render_for_cluster() else [f"{NATS.name} differs from the rights"]
    )
    return found + [f"deploy/kubernetes/{name} {HINT}" for name in RENDERED if not _is_current(name, helm)]


def _is_current(name: str, helm: str | None) -> bool:
    first, newline, body = (FOLDER / name).read_text().partition("\n") if (FOLDER / name).exists() else ("", "", "")
    return first + newline == header(name, body) and (helm is None or first + newline + body == render(name, helm))


def main(arguments: list[str]) -> int:
    """Write, or compare with `--check`; returns the exit status."""
    helm = helm_program()
    if "--check" not in arguments:
        NATS.write_text(render_for_cluster())
        SCHEMA.write_text(schema())
        if helm is None:
            print("helm is not here: only the files in the chart were written", file=sys.stderr)
            return 1
        for name in RENDERED:
            (FOLDER / name).write_text(render(name, helm))
        return 0
    found = problems(helm)
    print("\n".join(found), file=sys.stderr)
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
