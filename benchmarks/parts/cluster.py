"""(r) A thousand versions on a cluster: what the scheduler costs, idle and at work, and how soon it sees a change.

Real: the API server, its controllers and its scheduler; all of Penstock, its bus and its store. Simulated, by kwok:
nodes and their kubelets. Pods run nothing: an address of each answers health and report, one file is the output of all.
"""

from __future__ import annotations

import asyncio
import os
import signal
import statistics
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from json import dumps
from threading import Event
from typing import Any

from benchmarks.children import BenchmarkFailed, LeftOut, free_port
from benchmarks.cluster.kubectl import Kubectl, why_not
from benchmarks.cluster.observed import (
    Routes,
    SchedulerProcess,
    difference,
    keep_log,
    kept,
    key_of_version,
    watched_routes,
)
from benchmarks.cluster.simulated_nodes import PLACED, simulated_nodes
from benchmarks.models import prepared
from benchmarks.options import Options
from benchmarks.platform import Platform, fresh
from benchmarks.progress import report_progress
from scheduler.backends.kubernetes.api.client import KubernetesApi
from scheduler.backends.kubernetes.api.credentials import Credentials

PODS_OF_A_VERSION = 3
PUBLISHED_AT_ONCE = 2
BUSY_TRIES = 60
TELL_EVERY_S = 30
ALL_READY_WITHIN_S = 3_600
SEEN_WITHIN_S = 300
SETTLE_S = 60
LOOK_EVERY_S = 0.02
UP_WITHIN_S = 600
"""Of the platform: the cluster is on the same machine, and starts its own."""
IDLE_S = 120
QUICK_IDLE_S = 30
TRIES = 5
SCALED = 20
"""Versions; of pods that are late once in a while, five would show none."""
CHANGED = 2 * TRIES + SCALED
SPARE = 1.1
"""Room for pods that are new while others end."""


@dataclass(frozen=True)
class Setting:
    """What is measured, and through what."""

    platform: Platform
    scheduler: SchedulerProcess
    routes: Routes
    api: KubernetesApi
    namespace: str
    versions: int
    idle_s: float

    @property
    def pods(self) -> int:
        """Of all versions."""
        return self.versions * PODS_OF_A_VERSION

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        """The platform's API."""
        return await asyncio.to_thread(self.platform.call, method, path, body)


def run(options: Options) -> dict[str, Any]:
    """`bring_up`, `idle`, `changes`, `restart`; seconds, MiB, calls a minute."""
    if why := why_not(options.kubeconfig, options.kwok):
        raise LeftOut(why)
    assert options.kubeconfig is not None
    assert options.kwok is not None
    versions, kubectl = options.versions, Kubectl(options.kubeconfig)
    if versions < CHANGED:
        raise LeftOut(f"needs {CHANGED} versions: each change is made to another one")
    model = prepared(("ridge",), options.cache)["ridge"]
    room = int(versions * PODS_OF_A_VERSION * SPARE)
    with (
        simulated_nodes(kubectl, options.kwok, room, options.cache) as nodes,
        kubectl.namespace(f"penstock-bench-{os.getpid()}") as namespace,
    ):
        platform = fresh(options.cache, "cluster")
        platform.environment |= _environment(options, namespace)
        try:
            platform.up(UP_WITHIN_S)
            source = {"kind": "mlflow", "model": model.name, "version": platform.register(model)}
            report_progress(f"r: {nodes} nodes, the platform is up")
            found = asyncio.run(_measured(options, platform, namespace, versions, source))
        finally:
            platform.down()
            keep_log(platform.home / "logs" / "scheduler.log", options.cache / "logs" / "cluster-scheduler.log")
            platform.remove()
    return {"versions": versions, "pods": versions * PODS_OF_A_VERSION, "nodes": nodes, **found}


def _environment(options: Options, namespace: str) -> dict[str, str]:
    settings = {
        "BACKEND": "kubernetes",
        "KUBERNETES_NAMESPACE": namespace,
        "KUBERNETES_KUBECONFIG": str(options.kubeconfig),
        "KUBERNETES_IMAGE": "penstock:benchmark",
        "KUBERNETES_SUPPLY_HOST": "127.0.0.1",
        "KUBERNETES_SUPPLY_PORT": str(free_port()),
        "KUBERNETES_POD": dumps(PLACED),
        "NEVER_READY_TIMEOUT": "PT1H",  # the cluster shares the cores, and takes longer for a thousand at once
    }
    return {f"SCHEDULER_{name}": value for name, value in settings.items()}


async def _measured(
    options: Options, platform: Platform, namespace: str, versions: int, source: dict[str, str]
) -> dict[str, Any]:
    scratch = options.cache / "kwok" / "credentials"
    scratch.mkdir(exist_ok=True)
    api = KubernetesApi(Credentials(options.kubeconfig, None, scratch))
    found: dict[str, Any] = {}
    try:
        async with watched_routes(platform) as routes:
            idle_s = QUICK_IDLE_S if options.is_quick else IDLE_S
            setting = Setting(platform, SchedulerProcess(platform), routes, api, namespace, versions, idle_s)
            parts: dict[str, Callable[[Setting], Awaitable[Any]]] = {
                "bring_up": lambda setting: _bring_up(setting, source),
                "idle": _idle,
                "changes": _changes,
                "restart": _restart,
            }
            for name, part in parts.items():
                found[name] = await part(setting)
                kept(options.cache / "logs" / "cluster.json", found)
                report_progress(f"r: {name}: {dumps(found[name])[:300]}")
    finally:
        await api.close()
    return found


# ── everything starts ────────────────────────────────────────────────────────────────────────────────────────────────


async def _bring_up(setting: Setting, source: dict[str, str]) -> dict[str, Any]:
    """From the first publish until callers could be sent to every pod."""
    scheduler, begun = setting.scheduler, time.monotonic()
    before, cpu_before, memory_before = scheduler.calls(), scheduler.cpu_s(), scheduler.memory_mb()
    started_at = time.time()

    is_over = Event()
    publishing = asyncio.create_task(asyncio.to_thread(_publish_all, setting, source, is_over))
    try:
        peak = await _all_in_routes(setting, publishing)
        await publishing
    finally:
        is_over.set()
    took, listed = time.monotonic() - begun, await _pods(setting)
    return {
        "took_s": round(took, 1),
        "cluster_took_s": round(max(map(_ready_at, listed)) - started_at, 1),
        "cpu_s": round(scheduler.cpu_s() - cpu_before, 1),
        "memory_before_mb": round(memory_before, 1),
        "memory_peak_mb": round(peak, 1),
        "calls": difference(scheduler.calls(), before),
    }


async def _all_in_routes(setting: Setting, publishing: asyncio.Task[None]) -> float:
    """Once they are; the scheduler's memory at its peak until then, MiB."""
    scheduler, peak, begun = setting.scheduler, 0.0, time.monotonic()
    told = begun
    while setting.routes.total < setting.pods:
        await asyncio.sleep(1)
        if publishing.done():
            publishing.result()  # it may have failed
        peak, now = max(peak, scheduler.memory_mb()), time.monotonic()
        if now - begun > ALL_READY_WITHIN_S:
            raise BenchmarkFailed(f"{setting.routes.total} of {setting.pods} pods ready, no more")
        if now - told > TELL_EVERY_S:
            told = now
            report_progress(f"r: {setting.routes.total} pods in the routes, scheduler {scheduler.cpu_s():.0f} CPU s")
    return peak


def _publish_all(setting: Setting, source: dict[str, str], is_over: Event) -> None:
    def publish(number: int) -> None:
        if is_over.is_set():
            return
        version = {"model_source": source, "replicas": PODS_OF_A_VERSION}
        body = {"name": f"bench-{number:04d}", "type": "ml", "start": True, "version": version}
        _patiently(lambda: setting.platform.call("POST", "services", body))

    with ThreadPoolExecutor(PUBLISHED_AT_ONCE) as threads:
        list(threads.map(publish, range(setting.versions)))


def _patiently(call: Callable[[], Any]) -> None:
    """Call again for as long as the answer is 503: SQLite is busy where nothing else is idle."""
    for _ in range(BUSY_TRIES):
        try:
            call()
        except BenchmarkFailed as failed:
            if "503" not in str(failed):
                raise
            time.sleep(1)
        else:
            return
    raise BenchmarkFailed(f"503 for {BUSY_TRIES} s")


async def _pods(setting: Setting) -> list[dict[str, Any]]:
    found, _ = await setting.api.list_all(f"/api/v1/namespaces/{setting.namespace}/pods")
    return found


def _is_ready(pod: dict[str, Any]) -> bool:
    said = pod.get("status", {}).get("conditions", ())
    return any(each["type"] == "Ready" and each["status"] == "True" for each in said)


def _ready_at(pod: dict[str, Any]) -> float:
    """Seconds since 1970 at which the cluster said that a pod is ready."""
    said = {each["type"]: each["lastTransitionTime"] for each in pod["status"]["conditions"]}
    return datetime.fromisoformat(said["Ready"]).timestamp()


# ── nothing happens ──────────────────────────────────────────────────────────────────────────────────────────────────


async def _idle(setting: Setting) -> dict[str, Any]:
    """A time in which nothing changes, after a time for what was begun to end."""
    await asyncio.sleep(SETTLE_S)
    scheduler = setting.scheduler
    begun, calls, cpu_s = time.monotonic(), scheduler.calls(), scheduler.cpu_s()
    await asyncio.sleep(setting.idle_s)
    minutes = (time.monotonic() - begun) / 60
    return {
        "cpu_s_a_minute": round((scheduler.cpu_s() - cpu_s) / minutes, 2),
        "memory_mb": round(scheduler.memory_mb(), 1),
        "calls_a_minute": difference(scheduler.calls(), calls, per=minutes),
    }


# ── something changes ────────────────────────────────────────────────────────────────────────────────────────────────


async def _changes(setting: Setting) -> dict[str, Any]:
    """Seconds from what a hand or a caller has done until it is seen, each try at another version."""
    found: defaultdict[str, list[float]] = defaultdict(list)
    numbers = iter(range(0, setting.versions, setting.versions // CHANGED))
    for _ in range(TRIES):
        found["deleted"].append(await _taken_out(setting, next(numbers), _delete))
        found["not_ready"].append(await _taken_out(setting, next(numbers), _unready))
    for _ in range(SCALED):
        for name, seconds in (await _scaled(setting, next(numbers))).items():
            found[name].append(seconds)
    return {
        name: {"median_s": round(statistics.median(s), 3), "worst_s": round(max(s), 3)} for name, s in found.items()
    }


async def _key(setting: Setting, number: int) -> str:
    version = await setting.call("GET", f"services/bench-{number:04d}/versions/v1")
    return key_of_version(version["id"])


async def _taken_out(setting: Setting, number: int, act: Callable[[Setting, str], Awaitable[None]]) -> float:
    """From the cluster's answer until the routes lack the pod."""
    key, routes = await _key(setting, number), setting.routes
    pod = min(routes.pods[key])
    acted = time.monotonic()
    await act(setting, pod)
    return await routes.until(lambda: pod not in routes.pods[key], SEEN_WITHIN_S, f"{pod} out of the routes") - acted


async def _delete(setting: Setting, pod: str) -> None:
    await setting.api.delete(f"/api/v1/namespaces/{setting.namespace}/pods/{pod}")


async def _unready(setting: Setting, pod: str) -> None:
    path = f"/api/v1/namespaces/{setting.namespace}/pods/{pod}"
    found = await setting.api.get(path)
    statuses = [{**each, "ready": False} for each in found["status"]["containerStatuses"]]
    others = [each for each in found["status"]["conditions"] if each["type"] not in {"Ready", "ContainersReady"}]
    unready = [{"type": each, "status": "False"} for each in ("Ready", "ContainersReady")]
    changes = {"status": {"containerStatuses": statuses, "conditions": [*others, *unready]}}
    await setting.api.merge(f"{path}/status", changes)


async def _scaled(setting: Setting, number: int) -> dict[str, float]:
    """From the call: the Deployment changed, one pod more ready by the cluster's word; from then: in the routes."""
    key, routes = await _key(setting, number), setting.routes
    before = routes.pods[key]
    wanted, selector = PODS_OF_A_VERSION + 1, f"penstock.io/version-id={key.rpartition('.')[2]}"
    path = f"/apis/apps/v1/namespaces/{setting.namespace}/deployments"
    (found,), _ = await setting.api.list_all(path, labelSelector=selector)
    deployment = f"{path}/{found['metadata']['name']}"

    async def is_changed() -> bool:
        return bool((await setting.api.get(deployment))["spec"]["replicas"] == wanted)

    async def is_ready() -> bool:
        pods, _ = await setting.api.list_all(f"/api/v1/namespaces/{setting.namespace}/pods", labelSelector=selector)
        return any(_is_ready(pod) for pod in pods if pod["metadata"]["name"] not in before)

    async with asyncio.TaskGroup() as group:
        changed = group.create_task(_until(is_changed, f"{deployment} changed"))
        ready = group.create_task(_until(is_ready, "one more pod ready"))
        acted = time.monotonic()
        await setting.call("PATCH", f"services/bench-{number:04d}/versions/v1", {"replicas": wanted})
        added = await routes.until(lambda: len(routes.pods[key]) == wanted, SEEN_WITHIN_S, "one more pod in the routes")
    return {
        "deployment_changed": changed.result() - acted,
        "pod_ready": ready.result() - acted,
        "pod_routed": max(0.0, added - ready.result()),
        "pod_added": added - acted,
    }


async def _until(condition: Callable[[], Awaitable[bool]], what: str) -> float:
    """When (`time.monotonic`) the cluster first said so."""
    until = time.monotonic() + SEEN_WITHIN_S
    while time.monotonic() < until:
        if await condition():
            return time.monotonic()
        await asyncio.sleep(LOOK_EVERY_S)
    raise BenchmarkFailed(f"{what}: not within {SEEN_WITHIN_S} s")


# ── the scheduler is killed ──────────────────────────────────────────────────────────────────────────────────────────


async def _restart(setting: Setting) -> dict[str, Any]:
    """SIGKILL; until its successor sees a change that was made meanwhile."""
    scheduler, routes = setting.scheduler, setting.routes
    killed, expected = scheduler.pid, routes.total
    routes.fewest = expected
    begun = time.monotonic()
    os.kill(killed, signal.SIGKILL)
    await _taken_out(setting, setting.versions - 1, _delete)
    seen_s, cpu_s = time.monotonic() - begun, scheduler.cpu_s()
    await asyncio.sleep(SETTLE_S)
    return {
        "change_seen_s": round(seen_s, 1),
        "cpu_s": round(cpu_s, 1),
        "cpu_s_a_minute_later": round(scheduler.cpu_s(), 1),
        "memory_mb": round(scheduler.memory_mb(), 1),
        "pods_in_routes": expected,
        "fewest_pods_in_routes": routes.fewest,
        "calls": difference(scheduler.calls(), {}),
    }
