"""Retrainings as rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, or_
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from monitor.domain.retraining.guards import PastRetraining
from monitor.store.tables import RetrainingRow
from shared.contracts.retraining import (
    IN_FLIGHT,
    RetrainedModel,
    Retraining,
    RetrainingEvidence,
    RetrainingRun,
    RetrainingTrigger,
)
from shared.errors import InvalidInput, NotFound


async def by_key(session: AsyncSession, key: str) -> RetrainingRow | None:
    """The one that this asking has made already."""
    return (await session.scalars(select(RetrainingRow).where(RetrainingRow.key == key))).one_or_none()


async def past_of(session: AsyncSession, service_id: UUID, since: datetime) -> list[PastRetraining]:
    """What guards look at: those of a service that are in flight, or were asked for or ended since."""
    query = select(RetrainingRow).where(
        RetrainingRow.service_id == service_id,
        or_(
            col(RetrainingRow.state).in_(IN_FLIGHT),
            col(RetrainingRow.requested_at) >= since,
            col(RetrainingRow.ended_at) >= since,
        ),
    )
    rows = (await session.scalars(query)).all()
    return [PastRetraining(row.state, row.requested_at, row.ended_at) for row in rows]  # type: ignore[arg-type]


async def add(session: AsyncSession, row: RetrainingRow) -> bool:
    """Whether it was added: not where another is in flight, or the same asking has been stored, at this moment."""
    try:
        async with session.begin_nested():
            session.add(row)
    except IntegrityError:
        return False
    return True


async def load(
    session: AsyncSession, identity: UUID, service_id: UUID | None = None, *, for_update: bool = False
) -> RetrainingRow:
    """One retraining, of one service where it is named; `NotFound`."""
    row = await session.get(RetrainingRow, identity, with_for_update=for_update)
    if row is None or (service_id is not None and row.service_id != service_id):
        raise NotFound(f"There is no retraining {identity}")
    return row


async def page(
    session: AsyncSession, service_id: UUID, trigger_id: UUID | None, limit: int, cursor: str | None
) -> Sequence[RetrainingRow]:
    """Up to `limit` of a service, newest first, behind the cursor."""
    query = select(RetrainingRow).where(RetrainingRow.service_id == service_id)
    if trigger_id is not None:
        query = query.where(RetrainingRow.trigger_id == trigger_id)
    if cursor is not None:
        query = query.where(col(RetrainingRow.id) < _identity(cursor))
    return (await session.scalars(query.order_by(col(RetrainingRow.id).desc()).limit(limit))).all()


async def due(session: AsyncSession, now: datetime) -> Sequence[RetrainingRow]:
    """Those in flight that are to be looked at."""
    query = select(RetrainingRow).where(col(RetrainingRow.state).in_(IN_FLIGHT), col(RetrainingRow.next_at) <= now)
    return (await session.scalars(query.order_by(col(RetrainingRow.next_at)))).all()


async def awaited(session: AsyncSession, since: datetime) -> Sequence[RetrainingRow]:
    """Those whose result is not known: once they are done, or as long as they run where they cannot be asked."""
    has_begun = col(RetrainingRow.state).in_(("started", "running"))
    is_done = (col(RetrainingRow.state) == "succeeded") & (col(RetrainingRow.ended_at) >= since)
    query = select(RetrainingRow).where(or_(has_begun, is_done))
    found = [row for row in (await session.scalars(query)).all() if row.model is None]
    return [row for row in found if row.done_at is not None or row.state == "succeeded" or not can_be_asked(row)]


def can_be_asked(row: RetrainingRow) -> bool:
    """Whether its system says when it is done; else what the registry shows is its end."""
    kind = definition_of(row).action.kind
    return kind != "webhook" and (kind != "github" or bool(row.run and row.run.get("id")))


async def in_flight_of(session: AsyncSession, service_id: UUID) -> Sequence[RetrainingRow]:
    """Those of a service that are not over."""
    query = select(RetrainingRow).where(RetrainingRow.service_id == service_id, col(RetrainingRow.state).in_(IN_FLIGHT))
    return (await session.scalars(query)).all()


async def forget(session: AsyncSession, before: datetime) -> None:
    """Drop what was over before a moment."""
    await session.execute(delete(RetrainingRow).where(col(RetrainingRow.ended_at) < before))


def definition_of(row: RetrainingRow) -> RetrainingTrigger:
    """Its trigger, as it was."""
    return RetrainingTrigger.model_validate(row.definition)


def evidence_of(row: RetrainingRow) -> RetrainingEvidence:
    """Why it was asked for."""
    return RetrainingEvidence.model_validate(row.evidence)


def run_of(row: RetrainingRow) -> RetrainingRun | None:
    """The run in the system that was asked."""
    return None if row.run is None else RetrainingRun.model_validate(row.run)


def retraining_of(row: RetrainingRow) -> Retraining:
    """As others read it."""
    definition = definition_of(row)
    return Retraining(
        service=definition.service,
        trigger=definition.name,
        action=definition.action.kind,
        evidence=evidence_of(row),
        run=run_of(row),
        model=None if row.model is None else RetrainedModel.model_validate(row.model),
        is_cancelling=row.is_cancelling and row.ended_at is None,
        **row.model_dump(
            include={
                *("id", "trigger_id", "cause", "state", "reason", "message", "attempts"),
                *("requested_at", "started_at", "ended_at"),
            }
        ),
        gives_up_at=row.gives_up_at if row.ended_at is None else None,
    )


def _identity(cursor: str) -> UUID:
    try:
        return UUID(cursor)
    except ValueError as error:
        raise InvalidInput("cursor: not one that was given out") from error
