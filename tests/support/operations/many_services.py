"""A controller's and a scheduler's store as full as the platform is meant to bear: 1,000 services of two versions."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from controller.handlers.services.rollback import configuration_of
from controller.store.tables import ApiKeyRow, ObservationRow, ServiceRow, VersionRow
from scheduler.store.tables import DeploymentRow
from shared.contracts.deployment import Deployment, MlflowSource, Resources
from shared.contracts.routes import DEFAULT_BODY_BYTES
from shared.ids import new_id

START = datetime(2026, 1, 1, tzinfo=UTC)
TEAMS = ("risk", "growth", "search", "ads")


async def fill_controller(session: AsyncSession, services: int) -> None:
    """Services `service-0000` … of the projects in `TEAMS`; 1 in 250 is stopped, 1 in 500 failed, the others run."""
    kinds: tuple[Any, ...] = (ServiceRow, VersionRow, ObservationRow, ApiKeyRow)
    rows: dict[Any, list[dict[str, Any]]] = {kind: [] for kind in kinds}
    for number in range(services):
        for kind, row in _rows_of(number):
            rows[kind].append(row)
    for kind in kinds:
        await session.execute(insert(kind), rows[kind])


def _rows_of(number: int) -> Iterator[tuple[Any, dict[str, Any]]]:
    service_id, at = new_id(), START + timedelta(minutes=number)
    stamps = {"creator": f"user-{number % 7}", "created_at": at, "updated_at": at, "revision": 3}
    yield (
        ServiceRow,
        {
            "id": service_id,
            "name": f"service-{number:04}",
            "type": "ml",
            "description": "scores wines by their taste" if number % 100 == 0 else "scores something else",
            "project": TEAMS[number % len(TEAMS)],
            "tags": {"tier": "gold" if number % 50 == 0 else "iron", "owner": f"team-{number % 9}"},
            "auth_enabled": True,
            "max_body_bytes": DEFAULT_BODY_BYTES,
            "next_version": 3,
            **stamps,
        },
    )
    wanted = "stopped" if number % 250 == 0 else "started"
    phase = "stopped" if wanted == "stopped" else "failed" if number % 500 == 1 else "running"
    for name, weight in (("v1", 90), ("v2", 10)):
        version_id = new_id()
        version = _version(version_id, service_id, name, weight) | stamps | {"wanted": wanted}
        good = configuration_of(VersionRow(**version)) if phase == "running" else None
        yield VersionRow, version | {"last_good": good}
        yield (
            ObservationRow,
            {
                "version_id": version_id,
                "generation": 1,
                "phase": phase,
                "ready_replicas": 1 if phase == "running" else 0,
                "was_ready": phase == "running",
                "log_tail": [],
                "observed_at": at,
            },
        )
    for name in ("one", "two"):
        sha256 = hashlib.sha256(f"{number}/{name}".encode()).hexdigest()
        key = {"id": new_id(), "service_id": service_id, "name": name, "prefix": sha256[:8], "sha256": sha256}
        yield ApiKeyRow, key | {"creator": "admin", "created_at": at}


def _version(version_id: Any, service_id: Any, name: str, weight: int) -> dict[str, Any]:
    return {
        "id": version_id,
        "service_id": service_id,
        "name": name,
        "description": "",
        "model": "wine_quality",
        "model_version": "1",
        "spec": "1C2G",
        "resources": {"spec": "1C2G", "cpu": 1, "memory_gb": 2, "gpu": 0},
        "replicas": 1,
        "weight": weight,
        "asked_weight": weight,
        "request_timeout_ms": 60_000,
        "log_delivery": {"enabled": True, "destination": None, "sample_rate": 1.0},
        "runtime": {"row_wise": "auto", "types": "strict", "max_batch_rows": 256, "workers": 1},
        "generation": 1,
        "resumes": False,
    }


async def fill_scheduler(
    session: AsyncSession, deployments: int, trying_since: datetime, *, wanted: int = 0
) -> list[Deployment]:
    """So many versions, the first `wanted` of which should have a pod, the others were stopped; returns all."""
    found = [_deployment(number, 1 if number < wanted else 0) for number in range(deployments)]
    rows = [
        {
            **each.model_dump(include={"version_id", "service_id", "service", "version", "generation"}),
            "desired_replicas": each.desired_replicas,
            "deployment": each.model_dump(mode="json"),
            "trying_since": trying_since,
            "drained_announced": 1,
            "endpoints": [],
        }
        for each in found
    ]
    await session.execute(insert(DeploymentRow), rows)
    return found


def _deployment(number: int, replicas: int) -> Deployment:
    return Deployment(
        service_id=new_id(),
        service=f"service-{number // 2:04}",
        version_id=new_id(),
        version=f"v{number % 2 + 1}",
        generation=1,
        desired_replicas=replicas,
        model_source=MlflowSource(model="wine_quality", version="1"),
        resources=Resources(spec="1C2G", cpu=1, memory_gb=2),
    )
