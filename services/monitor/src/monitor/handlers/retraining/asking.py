"""Retrainings are asked for: by an alert, a schedule or a hand. Guards that look at what ran before decide here."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from monitor.domain.retraining import asking, guards
from monitor.domain.retraining.guards import Refusal
from monitor.store.retraining import runs, triggers
from monitor.store.tables import RetrainingRow
from shared.contracts.retraining import Retraining, RetrainingCause, RetrainingEvidence, RetrainingTrigger
from shared.contracts.rpc.retraining import RetrainOrder
from shared.events.alert import AlertFact
from shared.ids import new_id
from shared.schedules import BadSchedule, Schedule

EXTRA = timedelta(hours=1)
"""Beyond the time limit that a job's process has: for its environment, and for room."""
IN_FLIGHT = Refusal("InFlight", "another retraining of the service has not ended yet")


async def by_alert(session: AsyncSession, alert: AlertFact, now: datetime) -> list[Retraining]:
    """What an alert asks for; a repeat of it asks for nothing more."""
    found = []
    for trigger in await triggers.stored_triggers(session, alert.service):
        if asking.starts(trigger, alert):
            identity = new_id()
            evidence = asking.evidence_of(trigger, identity, "alert", now, alert=alert)
            key = asking.key_of_alert(trigger.id, alert)
            found.append(await _ask(session, trigger, evidence, key, now))
    return found


async def by_schedule(session: AsyncSession, now: datetime) -> int:
    """What is due by its schedule; how many there were."""
    due = await triggers.due_triggers(session, now)
    for row in due:
        trigger = triggers.trigger_of(row)
        assert row.next_at is not None
        evidence = asking.evidence_of(trigger, new_id(), "schedule", now)
        await _ask(session, trigger, evidence, asking.key_of_schedule(trigger.id, row.next_at), now)
        row.next_at = next_time(trigger, now)
    return len(due)


async def by_hand(session: AsyncSession, order: RetrainOrder, now: datetime) -> Retraining:
    """What somebody has ordered; the same order again is shown as it stands."""
    evidence = asking.evidence_of(
        order.trigger, order.id, "manual", now, requested_by=order.requested_by, note=order.note
    )
    key = asking.key_of_order(order.id)
    return await _ask(session, order.trigger, evidence, key, now, is_forced=order.force)


def next_time(trigger: RetrainingTrigger, now: datetime) -> datetime | None:
    """When its schedule asks next; None where it has none, or is paused."""
    if trigger.schedule is None or trigger.is_paused:
        return None
    try:
        return Schedule.parse(trigger.schedule).next_after(now)
    except BadSchedule:  # the controller has checked it; one of a later release may know more
        return None


async def _ask(
    session: AsyncSession,
    trigger: RetrainingTrigger,
    evidence: RetrainingEvidence,
    key: str,
    now: datetime,
    *,
    is_forced: bool = False,
) -> Retraining:
    if (known := await runs.by_key(session, key)) is not None:
        return runs.retraining_of(known)
    since = now - max(guards.DAY, trigger.guards.cool_down)
    past = await runs.past_of(session, trigger.service_id, since)
    refusal = guards.refusal_by_history(trigger.guards, past, now, is_forced=is_forced)
    row = _row(trigger, evidence, key, now)
    row.is_forced = is_forced
    if refusal is None and not await runs.add(session, row):
        if (known := await runs.by_key(session, key)) is not None:
            return runs.retraining_of(known)
        refusal, row = IN_FLIGHT, _row(trigger, evidence, key, now)
    if refusal is not None:
        refuse(row, refusal, now)
        session.add(row)
        await session.flush()
    return runs.retraining_of(row)


def refuse(row: RetrainingRow, refusal: Refusal, now: datetime) -> None:
    """It does not run, for this reason."""
    row.state, row.slot, row.ended_at = "refused", None, now
    row.reason, row.message = refusal.reason, refusal.message


def _row(trigger: RetrainingTrigger, evidence: RetrainingEvidence, key: str, now: datetime) -> RetrainingRow:
    cause: RetrainingCause = evidence.cause
    return RetrainingRow(
        id=evidence.id,
        key=key,
        slot=trigger.service_id,
        service_id=trigger.service_id,
        trigger_id=trigger.id,
        cause=cause,
        state="requested",
        definition=trigger.model_dump(mode="json"),
        evidence=evidence.model_dump(mode="json"),
        next_at=now,
        requested_at=now,
        gives_up_at=now + trigger.time_limit + (EXTRA if trigger.action.kind == "job" else timedelta()),
    )


async def cancel(session: AsyncSession, identity: UUID, service_id: UUID, now: datetime) -> Retraining:
    """Have it ended; one that is over stays as it is. Raises `NotFound`."""
    row = await runs.load(session, identity, service_id, for_update=True)
    if row.ended_at is None:
        row.is_cancelling, row.next_at = True, now
    return runs.retraining_of(row)


async def forget_service(session: AsyncSession, service_id: UUID, now: datetime) -> None:
    """A service is gone: nothing is asked for any more, and what runs is ended."""
    await triggers.forget_triggers(session, service_id)
    for row in await runs.in_flight_of(session, service_id):
        row.is_cancelling, row.next_at = True, now
