"""A real cluster for the tests that are marked so.

`TEST_KUBECONFIG`: how it is reached, as its administrator; without it they are skipped, so that nobody's own cluster is
taken for one. `TEST_CONTAINERD`: the socket of its one node's containerd, where the fake pods' image is to be loaded
rather than pulled; that is built by Docker from `TEST_PYTHON_IMAGE`.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import secrets
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp

from running_services.scheduler_world import OpenRoutes
from scheduler.backends.kubernetes.api.client import KubernetesApi
from scheduler.backends.kubernetes.api.credentials import Credentials
from scheduler.backends.kubernetes.backend import KubernetesBackend
from scheduler.backends.kubernetes.options import KubernetesOptions
from scheduler.backends.pod_api.tokens import TOKEN_HEADER, PodTokens
from scheduler.domain.placement import Capacity
from scheduler.domain.values import PodObservation, PodsListed
from shared.clock import SystemClock
from shared.contracts.rpc.controller import ImageSecret
from waiting.eventually import eventually

IMAGE = "penstock-test/fake-pod:2"
IMAGE_FOLDER = Path(__file__).parents[2] / "integration" / "scheduler" / "kubernetes" / "image"
START_S = 90.0
PYTHON_IMAGE = os.environ.get("TEST_PYTHON_IMAGE", "python:3.11-slim")
ROLE = Path(__file__).parents[3] / "deploy" / "kubernetes" / "rbac-namespace.yaml"


def kubeconfig() -> Path:
    """Of the cluster that the tests use."""
    return Path(os.environ["TEST_KUBECONFIG"])


def why_no_cluster() -> str | None:
    """Why there is no cluster, or no image on it, to test with; None: there is."""
    if "TEST_KUBECONFIG" not in os.environ or not kubeconfig().exists() or shutil.which("kubectl") is None:
        return "no Kubernetes cluster: TEST_KUBECONFIG names none, or there is no kubectl"
    answered = subprocess.run(
        ["kubectl", "--kubeconfig", kubeconfig(), "get", "--raw", "/readyz"],
        capture_output=True,
        timeout=15,
        check=False,
    )
    if answered.returncode:
        return f"no Kubernetes cluster answers: {answered.stderr.decode(errors='replace').strip()[:200]}"
    return _why_no_image()


def _why_no_image() -> str | None:
    """The image of fake pods is on the node, or is made by the Docker engine and loaded there."""
    socket = os.environ.get("TEST_CONTAINERD")
    if socket is None:
        return None  # a cluster that pulls it from somewhere
    ctr = ["ctr", "-a", socket, "-n", "k8s.io", "images"]
    listed = subprocess.run([*ctr, "ls", "-q"], capture_output=True, text=True, timeout=30, check=False)
    if IMAGE in listed.stdout:
        return None
    built = subprocess.run(
        ["docker", "build", "-q", "--build-arg", f"PYTHON_IMAGE={PYTHON_IMAGE}", "-t", IMAGE, IMAGE_FOLDER],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if built.returncode:
        return f"the image of fake pods cannot be built: {built.stderr.strip()[-200:]}"
    with subprocess.Popen(["docker", "save", IMAGE], stdout=subprocess.PIPE) as saved:
        loaded = subprocess.run(
            [*ctr, "import", "-"], stdin=saved.stdout, capture_output=True, text=True, timeout=120, check=False
        )
    return f"the image of fake pods cannot be loaded: {loaded.stderr.strip()[-200:]}" if loaded.returncode else None


def node_content(digest: str | None = None) -> bytes:
    """One blob of what the node has, by its digest; the manifest of the fake pods' image without."""
    ctr = ["ctr", "-a", os.environ["TEST_CONTAINERD"], "-n", "k8s.io"]
    if digest is None:
        listed = subprocess.run([*ctr, "images", "ls"], capture_output=True, text=True, timeout=60, check=True).stdout
        (digest,) = {line.split()[2] for line in listed.splitlines() if line.split()[0].endswith(f"/{IMAGE}")}
    got = subprocess.run([*ctr, "content", "get", digest], capture_output=True, timeout=60, check=True)
    return got.stdout


def kubectl(*arguments: str, stdin: str | None = None) -> str:
    """What the cluster's administrator does by hand."""
    done = subprocess.run(
        ["kubectl", "--kubeconfig", str(kubeconfig()), *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert not done.returncode, f"kubectl {' '.join(arguments)}: {done.stderr}"
    return done.stdout


def why_no_metrics() -> str | None:
    """Why use cannot be had from the cluster's metrics API; None: it can."""
    try:
        kubectl("get", "--raw", "/apis/metrics.k8s.io/v1beta1/nodes")
    except AssertionError as failed:
        return f"no metrics server: {str(failed).strip()[-200:]}"
    return None


def mounts_images() -> bool:
    """Whether images can be mounted as volumes: the API server's feature is on, and its nodes' containerd can."""
    feature = re.search(
        r'kubernetes_feature_enabled\{name="ImageVolume",[^}]*\} 1', kubectl("get", "--raw", "/metrics")
    )
    runtimes = kubectl("get", "nodes", "-o", "jsonpath={.items[*].status.nodeInfo.containerRuntimeVersion}").split()
    versions = [re.match(r"containerd://(\d+)\.(\d+)", runtime) for runtime in runtimes]
    return bool(feature) and all(found and tuple(map(int, found.groups())) >= (2, 1) for found in versions)


@asynccontextmanager
async def a_namespace(security: str = "restricted") -> AsyncIterator[str]:
    """A namespace of one's own, held to a pod security level; it takes all that is in it with it."""
    name = f"penstock-test-{secrets.token_hex(3)}"
    kubectl("create", "namespace", name)
    kubectl("label", "namespace", name, f"pod-security.kubernetes.io/enforce={security}")
    await eventually(lambda: "default" in kubectl("-n", name, "get", "serviceaccounts", "-o", "name"), within=30)
    try:
        yield name
    finally:
        kubectl("delete", "namespace", name, "--wait=false")
        kubectl("-n", name, "delete", "pods", "--all", "--grace-period=1", "--wait=false")


@dataclass
class ClusterWorld:
    """A running backend on a cluster, and all that it told."""

    backend: KubernetesBackend
    routes: OpenRoutes
    namespace: str
    image_secret: ImageSecret | None = None
    """What the controller gives out as the login of an image."""
    seen: list[PodObservation] = field(default_factory=list)
    listed: list[frozenset[str]] = field(default_factory=list)

    @property
    def now(self) -> dict[str, PodObservation]:
        """The last word on each pod that is not gone."""
        latest = {each.pod: each for each in self.seen}
        return {name: each for name, each in latest.items() if not each.is_gone}

    @property
    def ready(self) -> list[PodObservation]:
        return [each for each in self.now.values() if each.ready]

    async def until_ready(self, number: int = 1, within: float = START_S) -> list[PodObservation]:
        await eventually(lambda: len(self.ready) == number, within=within)
        return self.ready

    async def note(self) -> None:
        async for observation in self.backend.watch():
            if isinstance(observation, PodsListed):
                self.listed.append(observation.pods)
            else:
                self.seen.append(observation)

    async def post(self, pod: PodObservation, path: str) -> int:
        """Ask a fake pod to do something."""
        headers = {TOKEN_HEADER: self.backend.token_of(pod.pod) or ""}
        async with aiohttp.ClientSession() as session:
            with suppress(aiohttp.ClientError):
                async with session.post(
                    f"http://{pod.address}{path}", headers=headers, timeout=aiohttp.ClientTimeout(2)
                ) as a:
                    return a.status
        return 0


@asynccontextmanager
async def on_cluster(
    home: Path, namespace: str, config: Path | None = None, image_secret: ImageSecret | None = None, **options: Any
) -> AsyncIterator[ClusterWorld]:
    """A backend at work; leaving it is what SIGTERM does to a scheduler: the pods stay."""

    async def leads() -> None:
        return None

    async def ask(_: UUID, name: str) -> ImageSecret:
        assert world.image_secret is not None
        return world.image_secret

    routes = OpenRoutes()
    given = {
        "namespace": namespace,
        "image": IMAGE,
        "supply_url": "http://192.0.2.1:1",
        "image_pull_policy": "Never",
        "overcommit": Capacity(20, 20, 1),
        "drain_s": 0.1,
        "grace_s": 5,
        **options,
    }
    backend = KubernetesBackend(
        KubernetesApi(Credentials(config or kubeconfig(), None, home)),
        KubernetesOptions(**given),
        clock=SystemClock(),
        routes=routes,
        fence=leads,
        tokens=PodTokens(home / "pods"),
        ticket_of=lambda deployment: "ticket",
        ask_for_image_secret=ask,
    )
    backend.set_nodes(())
    world = ClusterWorld(backend, routes, namespace, image_secret)
    tasks = [asyncio.create_task(backend.run()), asyncio.create_task(world.note())]
    try:
        yield world
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task


def as_scheduler(namespace: str, folder: Path) -> Path:
    """A kubeconfig of the scheduler's own account, with the namespaced role alone."""
    kubectl("-n", namespace, "apply", "-f", str(ROLE))
    token = kubectl("-n", namespace, "create", "token", "penstock-scheduler").strip()
    found = json.loads(kubectl("config", "view", "--raw", "--minify", "-o", "json"))
    found["users"] = [{"name": "me", "user": {"token": token}}]
    found["contexts"][0]["context"]["user"] = "me"
    config = folder / "scheduler.kubeconfig"
    config.write_text(json.dumps(found))
    return config
