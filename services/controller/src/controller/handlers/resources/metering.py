"""Metering: the scheduler's reports of runs of pods become rows, the same ones when repeated or out of order."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from controller.domain.resources.usage import RunEndTime, better_known_end, milliseconds
from controller.store.resources import runs
from controller.store.resources.runs import RunKey
from controller.store.resources.specs import price_of
from controller.store.tables import PodRunRow, ServiceRow
from shared.contracts.runs import PodRun

UNKNOWN_PROJECT = "default"


async def record_run(session: AsyncSession, told: PodRun, now: datetime, *, is_current: bool = False) -> None:
    """Store a report of a run. Where it `is_current`, an open run replaces an inexact end."""
    row = await runs.locked_run(session, run_key(told))
    if row is None:
        row = await runs.add_run(session, await _row(session, told, now))
    known = None if row.ended_ms is None else RunEndTime(row.ended_ms, row.is_exact)
    end = better_known_end(known, _end_of(told))
    if is_current and told.ended_at is None and end is not None and not end.is_exact:
        end = None
    row.ended_ms, row.is_exact = (end.at_ms, end.is_exact) if end else (None, True)


async def resync_runs(
    session: AsyncSession, listed: Sequence[PodRun], since: datetime, asked_at: datetime, missing: frozenset[RunKey]
) -> frozenset[RunKey]:
    """Bring the rows to what the scheduler lists (open runs, and those that ended after `since`), asked at `asked_at`.

    `missing`: open runs that its last list lacked; one that lacks them again has lost them, and they ended when they
    were last known alive. Returns those that this list lacks.
    """
    asked_ms = milliseconds(asked_at)
    known = await runs.recent_runs(session, milliseconds(since))
    for told in listed:
        if run_key(told) not in known or known[run_key(told)][:2] != _told_end(told):
            await record_run(session, told, asked_at, is_current=True)
    there = {run_key(told) for told in listed}
    lacking = frozenset(
        key for key, (ended, _, alive_ms) in known.items() if ended is None and key not in there and alive_ms < asked_ms
    )
    for key in lacking & missing:
        await _give_up(session, key)
    await session.flush()
    await runs.mark_runs_alive(session, asked_ms, tuple(lacking))
    return lacking - missing


def run_key(told: PodRun) -> RunKey:
    """What names a run."""
    return told.version_id, told.pod, told.run


def _end_of(told: PodRun) -> RunEndTime | None:
    return None if told.ended_at is None else RunEndTime(milliseconds(told.ended_at), told.is_exact)


def _told_end(told: PodRun) -> tuple[int | None, bool]:
    end = _end_of(told)
    return (end.at_ms, end.is_exact) if end else (None, True)


async def _give_up(session: AsyncSession, key: RunKey) -> None:
    row = await runs.locked_run(session, key)
    if row is not None and row.ended_ms is None:
        row.ended_ms, row.is_exact = max(row.started_ms, row.alive_ms), False


async def _row(session: AsyncSession, told: PodRun, now: datetime) -> PodRunRow:
    started_ms = milliseconds(told.started_at)
    return PodRunRow(
        version_id=told.version_id,
        pod=told.pod,
        run=told.run,
        service_id=told.service_id,
        service=told.service,
        version=told.version,
        project=told.project or await _project(session, told),
        spec=told.resources.spec,
        resource_group=told.group,
        node=told.node,
        cpu=told.resources.cpu,
        memory_gb=told.resources.memory_gb,
        gpu=told.resources.gpu,
        price=0.0 if told.group else await price_of(session, told.resources.spec),
        started_ms=started_ms,
        alive_ms=max(started_ms, milliseconds(now)) if told.ended_at is None else started_ms,
    )


async def _project(session: AsyncSession, told: PodRun) -> str:
    """Project of the service, for a pod that was made before runs had a project."""
    service = await session.get(ServiceRow, told.service_id)
    return service.project if service is not None else UNKNOWN_PROJECT
