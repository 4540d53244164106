"""Use case of debugging: which version a debug request goes to."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from controller.domain.services.debugging import chosen_version
from controller.domain.services.status import SERVING
from controller.store.services.services import load_service
from shared.errors import Conflict


@dataclass(frozen=True)
class DebugTarget:
    """A running version, as far as a debug request must know it."""

    service: str
    version: str
    project: str
    model: str | None
    """Registered model; None: the version is made from an image."""
    registry: str | None
    model_version: str | None
    timeout_s: float
    is_guarded: bool


async def find_debug_target(session: AsyncSession, service: str, version: str | None) -> DebugTarget:
    """The named version, or the running one with the largest share; `Conflict` where it does not run."""
    stored = await load_service(session, service)
    named = stored.version(version) if version is not None else None
    serving = [each.row.name for each in stored.versions if each.status in SERVING and each.row.replicas > 0]
    if named is not None and named.row.name not in serving:
        raise Conflict(f"Version {named.row.name!r} is {named.status}: only a running one can be debugged")
    row = named.row if named else stored.version(chosen_version(serving, stored.effective_weights())).row
    return DebugTarget(
        service=stored.row.name,
        version=row.name,
        project=stored.row.project,
        model=row.model,
        registry=row.model_registry,
        model_version=row.model_version,
        timeout_s=row.request_timeout_ms / 1000,
        is_guarded=stored.row.auth_enabled,
    )
