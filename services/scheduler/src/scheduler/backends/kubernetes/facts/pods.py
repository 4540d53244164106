"""A pod as its object says: where it is, how far it has come, why it waits, whether callers may be sent to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from scheduler.backends.kubernetes.facts.runs import RunFacts, preparation_end, restarts_of, runs_of
from scheduler.backends.kubernetes.facts.sentences import WaitReason, explain_unscheduled, explain_waiting
from scheduler.backends.kubernetes.facts.times import time_of
from scheduler.backends.kubernetes.manifests.names import (
    IMAGE,
    MAIN,
    PORT,
    PREPARE,
    SOURCE_LABEL,
    TEMPLATE_LABEL,
    version_of,
)
from scheduler.domain.values import RunEnd

Stage = Literal["unplaced", "preparing", "starting", "loading", "serving", "backing-off", "over"]
"""How far a pod has come: it has no node; its model is brought; its container is made; it loads; it has been ready or
is; it waits to be started again; it never will be."""

UNITS = {"Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30, "Ti": 1 << 40, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}


@dataclass(frozen=True)
class PodFacts:
    """What one pod's object says."""

    name: str
    version_id: UUID
    template: str
    created_at: datetime | None
    node: str | None
    address: str | None
    stage: Stage
    is_ready: bool
    """What its node last said of it."""
    is_doubted: bool
    """The cluster has not heard of its node since, and takes it for not ready: it may serve all the same."""
    is_deleted: bool
    """It is on its way out: it serves on for a moment, and is not to be sent anybody."""
    run: int
    first_run: int
    """Number of the first run of its model; each failed try to prepare it was one before that."""
    is_prepare_started: bool
    runs: tuple[RunFacts, ...]
    wait: WaitReason | None = None
    preparation: RunEnd | None = None
    """How preparing it failed, where it did; its number is that of the try."""
    eviction: str | None = None
    """Why the cluster has ended it for good: evicted, its node gone."""
    health_path: str | None = None
    """Where somebody's own image says that it is well; None: it is a model server of ours."""
    image: str | None = None
    """What a pod of somebody's own image runs, by its digest, as its node says; None: it does not say yet."""

    @property
    def started_at(self) -> datetime | None:
        """When the run that is on began."""
        on = [run for run in self.runs if run.number == self.run and run.ended_at is None]
        return on[0].started_at if on else None


def read_pod(pod: Mapping[str, Any]) -> PodFacts | None:
    """The facts of a pod's object; None where it is none of a version."""
    metadata, spec, status = pod["metadata"], pod.get("spec") or {}, pod.get("status") or {}
    version_id = version_of(pod)
    if version_id is None:
        return None
    main, prepare = _status_of(status, "containerStatuses", MAIN), _status_of(status, "initContainerStatuses", PREPARE)
    image = _image_of(spec)
    first = restarts_of(prepare)
    is_ours = (metadata.get("labels") or {}).get(SOURCE_LABEL) != IMAGE
    runs = tuple(runs_of(main, first, memory_limit(spec), image, is_ours=is_ours))
    is_over = status.get("phase") in {"Failed", "Succeeded"}
    conditions = {str(each.get("type")): each for each in status.get("conditions") or ()}
    wait = _wait(conditions, main, prepare, image, _mounted_images_of(spec))
    return PodFacts(
        name=metadata["name"],
        version_id=version_id,
        template=(metadata.get("labels") or {}).get(TEMPLATE_LABEL, ""),
        created_at=time_of(metadata.get("creationTimestamp")),
        node=spec.get("nodeName"),
        address=_address(status.get("podIP"), _port_of(spec)),
        stage="over" if is_over else _stage(spec, status, main, runs),
        is_ready=not is_over and bool((main or {}).get("ready")),
        is_doubted=bool((main or {}).get("ready")) and conditions.get("Ready", {}).get("status") != "True",
        is_deleted=metadata.get("deletionTimestamp") is not None,
        run=first + restarts_of(main),
        first_run=first,
        is_prepare_started=bool(_states(prepare) & {"running", "terminated"}),
        runs=runs,
        wait=wait,
        preparation=preparation_end(prepare),
        eviction=_eviction(status) if is_over else None,
        health_path=None if is_ours else _health_path_of(spec),
        image=None if is_ours else _digest_of(main),
    )


def memory_limit(spec: Mapping[str, Any]) -> str:
    """A pod's limit of memory, in words."""
    for container in spec.get("containers") or ():
        if container.get("name") == MAIN:
            limit = ((container.get("resources") or {}).get("limits") or {}).get("memory")
            return "memory" if limit is None else f"{quantity(str(limit)) / (1 << 30):.3g} GiB"
    return "memory"


def quantity(text: str) -> float:
    """A quantity of Kubernetes as a number: `100m` is 0.1, `1Gi` 2^30."""
    for unit, factor in UNITS.items():
        if text.endswith(unit):
            return float(text[: -len(unit)]) * factor
    if text.endswith("m"):
        return float(text[:-1]) / 1000
    if text.endswith(("n", "u")):
        return float(text[:-1]) / (1e9 if text.endswith("n") else 1e6)
    return float(text)


def _address(ip: object, port: int) -> str | None:
    if not ip:
        return None
    host = f"[{ip}]" if ":" in str(ip) else str(ip)
    return f"{host}:{port}"


def _main_of(spec: Mapping[str, Any]) -> Mapping[str, Any]:
    return next((each for each in spec.get("containers") or () if each.get("name") == MAIN), {})


def _port_of(spec: Mapping[str, Any]) -> int:
    ports = _main_of(spec).get("ports") or ()
    return int(ports[0]["containerPort"]) if ports else PORT


def _health_path_of(spec: Mapping[str, Any]) -> str:
    return str(((_main_of(spec).get("readinessProbe") or {}).get("httpGet") or {}).get("path") or "/")


def _digest_of(main: Mapping[str, Any] | None) -> str | None:
    """`repository@sha256:…`, or `sha256:…` of an image that its node has from nowhere; older nodes say how it came."""
    said = str((main or {}).get("imageID") or "")
    return said.rpartition("://")[2] or None


def _status_of(status: Mapping[str, Any], kind: str, name: str) -> Mapping[str, Any] | None:
    return next((each for each in status.get(kind) or () if each.get("name") == name), None)


def _states(status: Mapping[str, Any] | None) -> set[str]:
    """The states that a container is or was in."""
    status = status or {}
    return {*(status.get("state") or {}), *(status.get("lastState") or {})}


def _image_of(spec: Mapping[str, Any]) -> str:
    return str(_main_of(spec).get("image", ""))


def _mounted_images_of(spec: Mapping[str, Any]) -> list[str]:
    """Images that are volumes: what keeps one from being pulled is said of the container."""
    return [str(each["image"].get("reference")) for each in spec.get("volumes") or () if each.get("image")]


def _stage(
    spec: Mapping[str, Any], status: Mapping[str, Any], main: Mapping[str, Any] | None, runs: tuple[RunFacts, ...]
) -> Stage:
    state = (main or {}).get("state") or {}
    if "running" in state:
        return "serving" if (main or {}).get("started") else "loading"
    if "terminated" in state or (state.get("waiting") or {}).get("reason") == "CrashLoopBackOff" or runs:
        return "backing-off"
    if not spec.get("nodeName"):
        return "unplaced"
    conditions = {str(each.get("type")): each.get("status") for each in status.get("conditions") or ()}
    return "starting" if conditions.get("Initialized") == "True" else "preparing"


def _wait(
    conditions: Mapping[str, Mapping[str, Any]],
    main: Mapping[str, Any] | None,
    prepare: Mapping[str, Any] | None,
    image: str,
    mounted: Sequence[str],
) -> WaitReason | None:
    scheduled = conditions.get("PodScheduled", {})
    if scheduled.get("status") == "False":
        return explain_unscheduled(str(scheduled.get("message") or ""))
    for status in (prepare, main):
        waiting = ((status or {}).get("state") or {}).get("waiting")
        if not waiting:
            continue
        said, own = str(waiting.get("message") or ""), str((status or {}).get("image") or image)
        meant = max((each for each in (own, *mounted) if each in said), key=len, default=own)
        if found := explain_waiting(waiting, meant):
            return found
    return None


def _eviction(status: Mapping[str, Any]) -> str | None:
    reason = status.get("reason")
    return f"{reason}: {status.get('message') or 'by the cluster'}" if reason else None
