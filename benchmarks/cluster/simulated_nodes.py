"""Nodes that kwok simulates on a real API server, and addresses of their pods that answer on this machine."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from benchmarks import cluster
from benchmarks.children import BenchmarkFailed, ChildProcess, free_port, wait_until
from benchmarks.cluster.kubectl import Kubectl

LABEL = "penstock.io/benchmark"
PLACED = {
    "nodeSelector": {LABEL: "simulated"},
    "tolerations": [{"key": LABEL, "operator": "Exists", "effect": "NoSchedule"}],
}
"""What has the platform's pods come to these nodes; the taint keeps everybody else's away."""
PODS_OF_A_NODE = 100
ADDRESSES = "10.99.0.0/20"
"""Of pods. Of this machine alone, for as long as the benchmark runs."""
FOLDER = Path(cluster.__path__[0])
READY_WITHIN_S = 120


@contextmanager
def simulated_nodes(kubectl: Kubectl, kwok: Path, pods: int, cache: Path) -> Iterator[int]:
    """Room for so many pods; yields the number of nodes. All of it goes when this is left."""
    folder = cache / "kwok"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    names = [f"penstock-bench-{number:03d}" for number in range(-(-pods // PODS_OF_A_NODE))]
    log = cache / "logs" / "kwok.log"
    log.unlink(missing_ok=True)
    with ExitStack() as stack:
        stack.enter_context(_answering(cache))
        kwok_process = ChildProcess("kwok", _command(kwok, kubectl, folder), log)
        stack.callback(kwok_process.stop)
        stack.callback(kubectl.run, "delete", "nodes", "-l", f"{LABEL}=simulated", "--wait=false")
        kubectl.apply([_node(name) for name in names])
        wait_until(lambda: _ready(kubectl) == len(names), READY_WITHIN_S, "simulated nodes", kwok_process.check_alive)
        yield len(names)


def _node(name: str) -> dict[str, Any]:
    taint = {"key": LABEL, "value": "simulated", "effect": "NoSchedule"}
    metadata = {"name": name, "labels": {LABEL: "simulated", "kubernetes.io/hostname": name}}
    return {"apiVersion": "v1", "kind": "Node", "metadata": metadata, "spec": {"taints": [taint]}}


def _ready(kubectl: Kubectl) -> int:
    found = kubectl.json("get", "nodes", "-l", f"{LABEL}=simulated")["items"]
    conditions = ({each["type"]: each["status"] for each in node["status"].get("conditions", ())} for node in found)
    return sum(each.get("Ready") == "True" for each in conditions)


def _command(kwok: Path, kubectl: Kubectl, folder: Path) -> list[str]:
    output = folder / "output.log"
    output.write_text("".join(f"2026-01-01T00:00:0{at}.000000000Z stdout F loaded, step {at}\n" for at in range(5)))
    config = folder / "kwok.yaml"
    config.write_text((FOLDER / "kwok.yaml").read_text().replace("@LOG@", str(output)))
    port, address = free_port(), kubectl.own_address()
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=kwok"]
    _run(*made, "-keyout", str(key), "-out", str(certificate))
    return [
        str(kwok), f"--kubeconfig={kubectl.kubeconfig}", f"--config={config}", f"--cidr={ADDRESSES}",
        f"--manage-nodes-with-label-selector={LABEL}=simulated", f"--node-ip={address}", f"--node-port={port}",
        f"--server-address={address}:{port}", f"--tls-cert-file={certificate}", f"--tls-private-key-file={key}",
        "--node-lease-duration-seconds=40",
    ]  # fmt: skip


@contextmanager
def _answering(cache: Path) -> Iterator[None]:
    """Every address of a pod is one of this machine's, and answers there as a model server does."""
    route = ["local", ADDRESSES, "dev", "lo"]
    _run("ip", "route", "replace", *route)
    try:
        log = cache / "logs" / "pods.log"
        log.unlink(missing_ok=True)
        with ChildProcess("pods", [sys.executable, FOLDER / "answering.py", ADDRESSES], log) as pods:
            pods.wait_until(lambda: b"answering\n" in log.read_bytes(), 60, "listening")
            yield
    finally:
        _run("ip", "route", "del", *route)


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise BenchmarkFailed(f"{' '.join(command[:3])}: {done.stderr.strip()[-300:]}")
