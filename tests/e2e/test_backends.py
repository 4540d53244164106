"""What an installation promises, walked through on each backend: the same calls, the same answers, whatever runs pods.

Each prints a column of figures. `ACCEPTANCE_REQUESTS`: how many requests at least, default 3000.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import shutil
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from kubernetes_world.cluster import a_namespace, kubeconfig, kubectl, why_no_cluster
from models.mlflow_scripts import register
from penstock.client.clients import AsyncClient
from platforms.running_platform import Caller, Platform, until
from platforms.served_model import ServedModel, wine_body
from servers.container_engine import docker, missing_engine
from servers.ports import free_port

pytestmark = pytest.mark.timeout(1800)

SERVICE = "walked"
RATE = 50.0
REQUESTS = int(os.environ.get("ACCEPTANCE_REQUESTS", "3000"))
IDLE = {"SCHEDULER_AUTOSCALING_WINDOW": "PT6S", "SCHEDULER_SCALE_TO_ZERO_GRACE": "PT2S"}
START_S = 300.0
"""A first pod may have to build or unpack what it runs in."""


@dataclass
class Place:
    """A platform of one backend, and how its pods are killed from outside."""

    backend: str
    platform: Platform
    kill: Callable[[dict[str, Any]], None]
    column: dict[str, str] = field(default_factory=dict)

    def call(self, method: str, path: str = "", **options: Any) -> Any:
        return self.platform.api(method, f"/services/{SERVICE}{path}", **options)

    def version(self, name: str = "v1") -> Any:
        return self.call("GET", f"/versions/{name}")

    def pods(self, name: str = "v1") -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.call("GET", f"/versions/{name}/pods")["items"]
        return items

    def ready(self, name: str = "v1") -> list[dict[str, Any]]:
        return [pod for pod in self.pods(name) if pod["ready"]]

    def wait_ready(self, count: int, name: str = "v1") -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = until(
            lambda: pods if len(pods := self.ready(name)) == count == len(self.pods(name)) else None,
            within=START_S, what=f"{count} pods of {name} ready",
        )  # fmt: skip
        return found


@asynccontextmanager
async def processes(home: Path) -> AsyncIterator[Place]:
    """Pods are processes of this machine."""

    def kill(pod: dict[str, Any]) -> None:
        platform.kill(pod["name"])

    platform = Platform(home, settings=IDLE | {"SCHEDULER_TERMINALS": "on"})
    yield Place("process", platform, kill)


@asynccontextmanager
async def containers(home: Path) -> AsyncIterator[Place]:
    """Pods are containers of an engine, in the runtime image that `penstock images build` makes."""
    if why := missing_engine():
        pytest.skip(why)

    def kill(pod: dict[str, Any]) -> None:
        (container,) = docker("ps", "-q", "--filter", f"label=penstock.pod={pod['name']}").split()
        docker("kill", container)

    yield Place("docker", Platform(home, settings=IDLE | {"SCHEDULER_BACKEND": "docker"}), kill)


@asynccontextmanager
async def cluster(home: Path, claim: Path | None = None) -> AsyncIterator[Place]:
    """Pods are a cluster's, in a namespace held to `restricted`; `TEST_PLATFORM_IMAGE`: the platform's image there.

    `claim`: a folder of this machine, its one node, that all pods share.
    """
    image = os.environ.get("TEST_PLATFORM_IMAGE")
    if why := why_no_cluster() or (None if image else "TEST_PLATFORM_IMAGE names no image of the platform"):
        pytest.skip(why)
    async with a_namespace() as namespace:

        def kill(pod: dict[str, Any]) -> None:
            kubectl("-n", namespace, "delete", "pod", pod["name"], "--grace-period=0", "--force")

        settings = {"SCHEDULER_KUBERNETES_CLAIM": _shared_claim(namespace, claim)} if claim else {}
        settings |= {
            "SCHEDULER_BACKEND": "kubernetes",
            "SCHEDULER_KUBERNETES_NAMESPACE": namespace,
            "SCHEDULER_KUBERNETES_KUBECONFIG": str(kubeconfig()),
            "SCHEDULER_KUBERNETES_IMAGE": str(image),
            "SCHEDULER_KUBERNETES_SUPPLY_PORT": str(free_port()),
            "SCHEDULER_CPU_OVERCOMMIT": "8",  # a node of two cores has to have room for the pods of a roll-out
        }
        yield Place("kubernetes", Platform(home, settings=IDLE | settings), kill)


@asynccontextmanager
async def cluster_with_claim(home: Path) -> AsyncIterator[Place]:
    """Likewise, with a ReadWriteMany claim for models and environments: each is there once for all pods."""
    if "TEST_CONTAINERD" not in os.environ:
        pytest.skip("TEST_CONTAINERD names no node that is this machine")
    folder = home.parent / "claim"
    folder.mkdir(parents=True)
    folder.chmod(0o777)  # pods have a user of their own, and nobody gives them a folder of the node
    async with cluster(home, folder) as place:
        yield place
        assert len(list((folder / "models").iterdir())) == 2, "two versions of a model, and no copy for each pod"
    kubectl("delete", "persistentvolume", _volume_of(folder), "--wait=false")


def _volume_of(folder: Path) -> str:
    """A cluster has one list of volumes for all namespaces."""
    return f"penstock-test-{hashlib.sha256(bytes(folder)).hexdigest()[:10]}"


def _shared_claim(namespace: str, folder: Path) -> str:
    """The name of a claim whose volume is a folder of the node."""
    name = _volume_of(folder)
    size = {"storage": "5Gi"}
    alike = {"accessModes": ["ReadWriteMany"], "storageClassName": ""}
    volume = {"capacity": size, "hostPath": {"path": str(folder)}, **alike}
    claim = {"resources": {"requests": size}, "volumeName": name, **alike}
    for kind, metadata, spec in (
        ("PersistentVolume", {"name": name}, volume),
        ("PersistentVolumeClaim", {"name": "kept", "namespace": namespace}, claim),
    ):
        manifest = {"apiVersion": "v1", "kind": kind, "metadata": metadata, "spec": spec}
        kubectl("apply", "-f", "-", stdin=json.dumps(manifest))
    return "kept"


KINDS = [
    pytest.param(processes, id="process", marks=pytest.mark.long),
    pytest.param(containers, id="docker", marks=pytest.mark.engine),
    pytest.param(cluster, id="kubernetes", marks=pytest.mark.cluster),
    pytest.param(cluster_with_claim, id="claim", marks=pytest.mark.cluster),
]


@pytest.mark.parametrize("kind", KINDS)
async def test_the_same_walk_on_each_backend(kind: Any, tmp_path: Path, wines_csv: Path) -> None:
    async with kind(tmp_path / "home") as place:
        try:
            await asyncio.to_thread(place.platform.up)
            await asyncio.to_thread(register, place.platform.mlflow_url, wines_csv)
            failed = await _walk(place)
            assert not failed, failed[:20]
        except AssertionError:
            print(place.version(), *place.pods(), *place.call("GET", "/versions/v1/events")["items"][:20], sep="\n")
            raise
        finally:
            print(f"\n{place.backend}", *(f"{what}: {figure}" for what, figure in place.column.items()), sep="\n  ")
            await asyncio.to_thread(place.platform.down)
            shutil.rmtree(tmp_path, ignore_errors=True)


async def _walk(place: Place) -> list[Any]:
    """Every step, under load; the answers that were no success."""
    begun = time.monotonic()
    served = await asyncio.to_thread(ServedModel.publish, place.platform, SERVICE, "wine_quality", replicas=2)
    await asyncio.to_thread(place.wait_ready, 2)
    place.column["published, two pods ready, s"] = f"{time.monotonic() - begun:.1f}"
    async with served.under_load("walk", RATE) as caller:
        for step in (_second_version, _roll_out, _killed_pod, _restarted_pod, _killed_scheduler, _enough):
            begun = time.monotonic()
            said = await asyncio.to_thread(step, place, caller)
            place.column[f"{step.__name__.strip('_').replace('_', ' ')}, s"] = f"{time.monotonic() - begun:.1f}{said}"
    place.column["requests, answers other than 2xx"] = f"{len(caller.ledger)}, {len(caller.failed)}"
    await asyncio.to_thread(_what_is_seen, place)
    await asyncio.to_thread(_rows, place, served, caller)
    await _terminal(place)
    await asyncio.to_thread(_to_nothing_and_back, place, served)
    return list(caller.failed)


def _second_version(place: Place, caller: Caller) -> str:
    source = {"kind": "mlflow", "model": "wine_quality", "version": "2"}
    place.call("POST", "/versions", json={"model_source": source, "start": True, "traffic_weight": 30})
    place.wait_ready(1, "v2")
    place.platform.wait_version(SERVICE, "v2", "running")
    place.call("PUT", "/traffic", json={"weights": {"v1": 70, "v2": 30}})
    time.sleep(1.5)  # a change of the split takes effect within a second
    seen = len(caller.ledger)
    until(lambda: len(caller.ledger) >= seen + 400, within=60, what="400 requests", every=0.3)
    shares = [answer.version for answer in caller.ledger[seen:]]
    share = shares.count("v2") / len(shares)
    assert share == pytest.approx(0.3, abs=0.03)
    return f" ({share:.0%} of {len(shares)} to v2, asked 30 %)"


def _roll_out(place: Place, _: Caller) -> str:
    was = {pod["name"] for pod in place.pods()}
    changed = place.call("PATCH", "/versions/v1", json={"runtime": {"max_batch_rows": 96}})
    until(lambda: _is_at(place, changed["generation"]), within=START_S, what="rolled out")
    until(lambda: not was & {pod["name"] for pod in place.pods()}, within=120, what="the old pods gone")
    return ""


def _is_at(place: Place, generation: int) -> bool:
    found = place.version()
    return (found["status"], found["generation"], found["ready_replicas"]) == ("running", generation, 2)


def _killed_pod(place: Place, _: Caller) -> str:
    pod = place.wait_ready(2)[0]
    place.kill(pod)
    until(lambda: not _is_same(place, pod), within=60, what="the kill was seen")
    place.wait_ready(2)
    return ""


def _restarted_pod(place: Place, _: Caller) -> str:
    pod = place.wait_ready(2)[0]
    place.call("POST", f"/versions/v1/pods/{pod['name']}/restart")
    until(lambda: not _is_same(place, pod), within=120, what="restarted")
    place.wait_ready(2)
    return ""


def _is_same(place: Place, pod: dict[str, Any]) -> bool:
    """Whether this run of this pod is there and ready."""
    found = {each["name"]: each for each in place.pods()}.get(pod["name"])
    return bool(found and found["ready"] and found["restarts"] == pod["restarts"])


def _killed_scheduler(place: Place, _: Caller) -> str:
    was = {(pod["name"], pod["restarts"]) for pod in place.wait_ready(2)}
    pid = place.platform.kill("scheduler", signal.SIGKILL)
    until(lambda: place.platform.process("scheduler")["pid"] not in (None, pid), within=60, what="a new scheduler")
    assert {(pod["name"], pod["restarts"]) for pod in place.wait_ready(2)} == was, "its pods were adopted"
    return ""


def _enough(_: Place, caller: Caller) -> str:
    until(lambda: len(caller.ledger) >= REQUESTS, within=REQUESTS / RATE + 60, what="enough requests", every=0.3)
    return ""


def _what_is_seen(place: Place) -> None:
    lines = until(lambda: place.call("GET", "/versions/v1/logs")["items"], within=60, what="lines of output")
    events = place.call("GET", "/versions/v1/events")["items"]
    place.column["lines of output, events"] = f"{len(lines)}, {len(events)}"
    assert {"Ready"} <= {event["reason"] for event in events}, {event["reason"] for event in events}

    def measured() -> Any:
        pods = place.ready()
        return pods if pods and all(pod["memory_bytes"] for pod in pods) else None

    used = until(measured, within=90, what="measured")
    place.column["memory of the pods, MiB"] = ", ".join(f"{pod['memory_bytes'] / 2**20:.0f}" for pod in used)

    def metered() -> Any:
        items = place.platform.api("GET", f"/usage?group_by=pod&service={SERVICE}")["items"]
        return items if len(items) >= 3 else None

    place.column["pods with usage"] = str(len(until(metered, within=90, what="usage of every pod")))


def _rows(place: Place, served: ServedModel, caller: Caller) -> None:
    sent = {answer.client_request_id for answer in caller.ledger}
    rows = until(
        lambda: found if set(found := served.rows(caller)) >= sent else None, within=120, what="rows", every=0.3
    )
    place.column["requests in the payload table, doubled"] = f"{len(rows)}, {rows.total() - len(rows)}"
    assert rows.total() == len(sent)


async def _terminal(place: Place) -> None:
    pod = (await asyncio.to_thread(place.wait_ready, 2))[0]["name"]
    async with (
        AsyncClient(place.platform.api_url, place.platform.token) as client,
        client.exec_in_pod(SERVICE, "v1", pod, ["sh", "-c", "echo in $((40 + 2)); exit 3"], tty=False) as session,
    ):
        printed = b"".join([data async for _, data in session])
    place.column["terminal: printed, exit code"] = f"{printed.decode().strip()}, {session.end.exit_code}"
    assert (printed.strip(), session.end.exit_code) == (b"in 42", 3)


def _to_nothing_and_back(place: Place, served: ServedModel) -> None:
    place.call("POST", "/versions/v2/stop")
    place.platform.wait_version(SERVICE, "v2", "stopped")
    begun = time.monotonic()
    place.call("PATCH", "/versions/v1", json={"replicas": {"min": 0, "max": 2, "target_concurrency": 1}})
    until(lambda: not place.pods(), within=120, what="no pod")
    place.column["to no pod, s"] = f"{time.monotonic() - begun:.1f}"
    answer = httpx.post(
        f"{place.platform.data_url}/{SERVICE}/predict",
        json=wine_body(),
        headers={"Authorization": f"Bearer {served.key}"},
        timeout=120,
    )
    assert answer.status_code == 200, answer.text
    place.column["the first caller after that waited, s"] = f"{answer.elapsed.total_seconds():.1f}"
