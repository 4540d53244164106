"""A version whose new pods do not get ready is given back the configuration that last had all its pods ready."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from controller.domain.names import PLATFORM_ACTOR
from controller.domain.services.status import DesiredState
from controller.handlers.services.deployments import deployment_of
from controller.handlers.services.version_columns import SOURCE_COLUMNS
from controller.handlers.unit_of_work import after_commit
from controller.store.audit import Actor, audit_changes
from controller.store.services.services import lock_version
from controller.store.tables import VersionRow
from shared.bus.outbox import publish
from shared.contracts.deployment import VersionState
from shared.events.version import VersionRolledBack, VersionRolloutFailed

CONFIGURATION = (
    *SOURCE_COLUMNS,
    *("spec", "resources", "resource_group", "replicas", "autoscaling", "runtime", "env", "restart"),
)
"""Columns that make a version's pods what they are: what a roll-back restores."""


@dataclass(frozen=True)
class FailedRollout:
    """A generation of a version whose pods do not get ready, and why."""

    version_id: UUID
    generation: int
    reason: str
    message: str
    log_tail: tuple[str, ...] = ()

    @classmethod
    def of_event(cls, event: VersionRolloutFailed) -> FailedRollout:
        """As the scheduler says it."""
        return cls(event.version_id, event.generation, event.reason, event.message, event.log_tail)

    @classmethod
    def of_state(cls, state: VersionState) -> FailedRollout:
        """As the scheduler answers it."""
        reason = state.reason or "NeverReady"
        return cls(state.version_id, state.generation, reason, state.message or "", state.log_tail)


def configuration_of(row: VersionRow) -> dict[str, Any]:
    """What of a version its pods depend on."""
    return {column: getattr(row, column) for column in CONFIGURATION}


def is_new_last_good(row: VersionRow, generation: int) -> bool:
    """Whether a generation all of whose pods are ready is still the wanted one, and its configuration not kept yet."""
    return (
        row.generation == generation and row.wanted == DesiredState.STARTED and row.last_good != configuration_of(row)
    )


def remember_last_good(row: VersionRow | None, generation: int) -> None:
    """Keep the configuration, to come back to, unless the version is gone or has changed meanwhile."""
    if row is not None and is_new_last_good(row, generation):
        row.last_good = configuration_of(row)


def _last_good(row: VersionRow) -> dict[str, Any] | None:
    """What to come back to, whole: a column that was added since it was kept was empty then."""
    if row.last_good is None:
        return None
    is_followed = row.follow and row.last_good.get("alias") == row.alias
    return {**dict.fromkeys(CONFIGURATION), "follow": is_followed} | row.last_good


def _are_alike(good: dict[str, Any], bad: dict[str, Any]) -> bool:
    """Whether both make the same pods: whether an alias is followed is nothing of theirs."""
    return good | {"follow": None} == bad | {"follow": None}


async def roll_back(session: AsyncSession, given_up: FailedRollout, now: datetime, routes_changed: Any) -> bool:
    """Make a new generation of the last good configuration; False where there is none or something else is wanted."""
    locked = await lock_version(session, given_up.version_id)
    if locked is None:
        return False
    service, row = locked
    audit_changes(session, Actor(PLATFORM_ACTOR, "roll_back", ""), now)
    bad, good = configuration_of(row), _last_good(row)
    if (
        row.generation != given_up.generation
        or row.wanted != DesiredState.STARTED
        or good is None
        or _are_alike(good, bad)
    ):
        return False
    for column, value in good.items():
        setattr(row, column, value)
    row.generation += 1
    row.rolled_back = {
        "revision": row.revision + 1,
        "reason": given_up.reason,
        "message": given_up.message,
        "log_tail": list(given_up.log_tail),
        "configuration": bad,
    }
    for changed in (service, row):
        changed.revision += 1
        changed.updated_at = now
    await publish(
        session,
        VersionRolledBack(
            service_id=service.id,
            service=service.name,
            version_id=row.id,
            version=row.name,
            from_generation=given_up.generation,
            reason=given_up.reason,
            message=given_up.message,
            deployment=deployment_of(service, row),
        ),
    )
    after_commit(session, lambda: routes_changed(service.name))
    return True
