"""Pods as an API server tells of them, in the shapes that were recorded from Kubernetes 1.34."""

from __future__ import annotations

from typing import Any
from uuid import UUID

VERSION_ID = UUID("0191f0e0-1111-7000-8000-000000000001")
IMAGE = "registry.example.com/penstock:1"
CREATED, STARTED, ENDED = "2026-11-28T06:00:00Z", "2026-11-28T06:00:05Z", "2026-11-28T06:01:05Z"
NAME = "wine-v1-abcdef-5d9c7b8f6-x2x7k"


def condition(kind: str, status: str, message: str = "", reason: str = "") -> dict[str, str]:
    return {"type": kind, "status": status, "message": message, "reason": reason}


def running() -> dict[str, Any]:
    return {"running": {"startedAt": STARTED}}


def waiting(reason: str, message: str = "") -> dict[str, Any]:
    return {"waiting": {"reason": reason, "message": message}}


def ended(code: int, reason: str = "Error", message: str = "") -> dict[str, Any]:
    return {
        "terminated": {
            "exitCode": code,
            "reason": reason,
            "message": message,
            "startedAt": STARTED,
            "finishedAt": ENDED,
            "containerID": "containerd://1",
        }
    }


def container(
    name: str,
    state: dict[str, Any],
    last: dict[str, Any] | None = None,
    restarts: int = 0,
    started: bool | None = None,
) -> dict[str, Any]:
    return {
        "name": name,
        "image": IMAGE,
        "state": state,
        "lastState": last or {},
        "restartCount": restarts,
        "ready": bool(started),
        "started": "running" in state if started is None else started,
    }


def prepared() -> dict[str, Any]:
    return container("prepare", ended(0, "Completed"), started=False)


def pod(
    *,
    main: dict[str, Any] | None = None,
    prepare: dict[str, Any] | None = None,
    ready: bool = False,
    node: str | None = "node-1",
    name: str = NAME,
    version: str = "1",
    template: str = "t1",
    deleted: bool = False,
    phase: str = "Running",
    conditions: list[dict[str, str]] | None = None,
    **status: Any,
) -> dict[str, Any]:
    scheduled = condition("PodScheduled", "True" if node else "False")
    initialized = condition("Initialized", "True" if main and "PodInitializing" not in str(main) else "False")
    metadata: dict[str, Any] = {
        "name": name,
        "namespace": "models",
        "uid": f"uid-{name}",
        "resourceVersion": version,
        "creationTimestamp": CREATED,
        "labels": {
            "penstock.io/version-id": str(VERSION_ID),
            "penstock.io/installation": "penstock",
            "penstock.io/template": template,
        },
    }
    if deleted:
        metadata["deletionTimestamp"] = ENDED
    return {
        "metadata": metadata,
        "spec": {
            **({"nodeName": node} if node else {}),
            "containers": [{"name": "model", "image": IMAGE, "resources": {"limits": {"memory": "2147483648"}}}],
        },
        "status": {
            "phase": phase,
            "podIP": "10.244.0.7" if node else None,
            "conditions": [scheduled, initialized, condition("Ready", str(ready)), *(conditions or [])],
            "initContainerStatuses": [prepare] if prepare else [],
            "containerStatuses": [main] if main else [],
            **status,
        },
    }


def serving(version: str = "5", *, ready: bool = True, **changes: Any) -> dict[str, Any]:
    """A pod that is up."""
    return pod(
        main=container("model", running(), started=True), prepare=prepared(), ready=ready, version=version, **changes
    )
