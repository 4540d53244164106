"""What should run: the controller's events and its whole list, which is read every few seconds, become rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from scheduler.domain.rollout import template_of
from scheduler.domain.rollover import on_new_template
from scheduler.domain.verdict import on_new_intent
from scheduler.handlers.outcome import update_outcome
from scheduler.store import rows
from scheduler.store.nodes import list_nodes, release_node, store_node
from scheduler.store.tables import REFUSED_CONTROLLER, TRUSTED_CONTROLLER, ControllerRow, DeploymentRow
from shared.contracts.deployment import Deployment
from shared.contracts.nodes import Node
from shared.contracts.rpc.controller import DeploymentList
from shared.events import VersionDeleted

BY_EVENT, BY_ABSENCE = "event", "absence"


async def store_deployment(
    session: AsyncSession, deployment: Deployment, now: datetime, *, listed: bool = False
) -> bool:
    """Store the intent where it is newer than what is known; whether it was. An older or equal one changes nothing.

    A version that was deleted stays deleted, unless it was only missing from the list and is `listed` again.
    """
    row = await session.get(DeploymentRow, deployment.version_id)
    if row is not None and not _is_newer(row, deployment, listed):
        return False
    known = rows.deployment_of(row) if row else None
    was_wanted = known is not None and known.desired_replicas > 0
    same_template = known is not None and template_of(known) == template_of(deployment)
    progress = on_new_intent(
        rows.progress_of(row) if row else None, was_wanted=was_wanted, same_template=same_template, now=now
    )
    rollover = on_new_template(
        rows.rollover_of(row) if row else None,
        is_serving=progress.was_ready and was_wanted and deployment.desired_replicas > 0,
        same_template=same_template,
        generation=deployment.generation,
        now=now,
    )
    if row is None:
        row = DeploymentRow(**_identity(deployment), generation=0, desired_replicas=0, trying_since=now)
        session.add(row)
    before = row.replicas if was_wanted else deployment.desired_replicas
    row.generation = deployment.generation
    row.desired_replicas = deployment.desired_replicas
    row.scale = _scale(deployment, before, least=0 if same_template and row.was_ready else 1)
    row.deployment = deployment.model_dump(mode="json")
    row.deleted = None
    rows.set_progress(row, progress)
    rows.set_rollover(row, rollover)
    await rows.forget_failed(session, row.version_id)
    await update_outcome(session, row, now)
    return True


def _scale(deployment: Deployment, before: int, least: int) -> int | None:
    """Where the autoscaler goes on from: the pods that were wanted `before`, within the bounds; one to try what is new.

    The load that pods of a fixed number carry is there when the range comes.
    """
    bounds = deployment.autoscaling
    if bounds is None or not deployment.desired_replicas:
        return None
    return min(max(before, bounds.min, least), bounds.max)


def _is_newer(row: DeploymentRow, deployment: Deployment, listed: bool) -> bool:
    if row.deleted is None:
        return deployment.generation > row.generation
    return listed and row.deleted == BY_ABSENCE and deployment.generation >= row.generation


def _identity(of: Deployment | VersionDeleted) -> dict[str, Any]:
    return {"version_id": of.version_id, "service_id": of.service_id, "service": of.service, "version": of.version}


async def store_deletion(session: AsyncSession, event: VersionDeleted, now: datetime) -> None:
    """Note that a version is gone for good, whether or not it was ever heard of."""
    row = await session.get(DeploymentRow, event.version_id)
    if row is None:
        row = DeploymentRow(**_identity(event), generation=0, desired_replicas=0, trying_since=now)
        session.add(row)
    await _mark_deleted(session, row, BY_EVENT, now)


async def _mark_deleted(session: AsyncSession, row: DeploymentRow, deleted: str, now: datetime) -> None:
    row.deleted, row.deployment, row.desired_replicas, row.scale = deleted, None, 0, None
    await rows.forget_failed(session, row.version_id)
    await update_outcome(session, row, now)


class Absences:
    """What was missing from the controller's last list: versions, or nodes.

    One missing list is no proof: it may have been made after the list was written. Two in a row are.
    """

    def __init__(self) -> None:
        self._missing: frozenset[UUID] = frozenset()

    def confirmed(self, known: frozenset[UUID], listed: frozenset[UUID]) -> frozenset[UUID]:
        """Those that are missing for the second time."""
        missing = known - listed
        twice = missing & self._missing
        self._missing = missing - twice
        return twice


async def proves_absence(session: AsyncSession, listed: DeploymentList, *, follow_new: bool) -> bool:
    """Whether what this list lacks was deleted. Not so where the controller came up with another database.

    That is: its store has another name than before, and it knows no version that is known here. `follow_new`: believe
    it all the same.
    """
    believed = await session.get(ControllerRow, TRUSTED_CONTROLLER)
    if listed.store is None or (believed is not None and believed.store == listed.store):
        return True
    refused = await session.get(ControllerRow, REFUSED_CONTROLLER)
    known = {row.version_id for row in await rows.deployments(session) if row.deleted is None}
    is_other = bool(known) and known.isdisjoint(each.version_id for each in listed.items)
    # What it listed since is known, too: one that was refused stays so.
    was_refused = refused is not None and refused.store == listed.store
    if believed is not None and (is_other or was_refused) and not follow_new:
        await session.merge(ControllerRow(id=REFUSED_CONTROLLER, store=listed.store))
        return False
    await session.merge(ControllerRow(id=TRUSTED_CONTROLLER, store=listed.store))
    return True


async def resync(
    session: AsyncSession,
    listed: Sequence[Deployment],
    absences: Absences,
    now: datetime,
    *,
    proves_absence: bool = True,
) -> int:
    """Hold what is stored against the controller's whole list; how many versions changed."""
    known = await rows.deployments(session)  # kept, so that the session finds each of them without another query
    changed = [deployment for deployment in listed if await store_deployment(session, deployment, now, listed=True)]
    if changed:
        known = await rows.deployments(session)
    if not proves_absence:
        return len(changed)
    stored = {row.version_id: row for row in known if row.deleted is None}
    gone = absences.confirmed(frozenset(stored), frozenset(each.version_id for each in listed))
    for version_id in gone:
        await _mark_deleted(session, stored[version_id], BY_ABSENCE, now)
    return len(changed) + len(gone)


async def resync_nodes(session: AsyncSession, listed: Sequence[Node], absences: Absences) -> int:
    """Hold the nodes that are stored against the controller's list; how many changed."""
    changed = [node for node in listed if await store_node(session, node)]
    stored = frozenset(node.id for node in await list_nodes(session))
    gone = absences.confirmed(stored, frozenset(node.id for node in listed))
    for node in gone:
        await release_node(session, node)
    return len(changed) + len(gone)
