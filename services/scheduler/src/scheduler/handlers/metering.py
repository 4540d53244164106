"""What the backend knows of runs becomes rows and events, in one transaction: `RunStarted` and `RunEnded`, each once.

Level-triggered: the backend lists every run that is not settled in each pass; only changes are stored and published.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from scheduler.domain.values import RunObservation
from scheduler.store import runs
from scheduler.store.tables import RunRow
from shared.bus.outbox import publish
from shared.contracts.rpc.scheduler import RunPage, RunsQuery
from shared.contracts.runs import PodRun
from shared.errors import InvalidInput
from shared.events import RunEnded, RunStarted

RETENTION = timedelta(days=31)
"""How long an ended run can still be asked for; longer than `EVENTS` keeps its facts."""
FULL_PASS_EVERY_S = 10.0
"""How often it is written down that the open runs live: how much of a lost one may go uncounted."""

_TIMES = {"started_at", "ended_at", "is_exact"}


async def store_runs(session: AsyncSession, seen: Sequence[RunObservation], machine: str, now: datetime) -> None:
    """Store and publish what is new of these runs; those of the shared pool run on the `machine` itself."""
    for run in seen:
        row = await session.get(RunRow, key_of(run))
        if row is None:
            row = _row(run, machine, now)
            session.add(row)
            await publish(session, RunStarted.model_validate(run_of(row).model_dump()))
        if run.ended_at is not None and row.ended_at is None:
            exact = run.is_exact
            await _end(session, row, run.ended_at if exact else max(run.ended_at, row.alive_at), is_exact=exact)


async def close_lost_runs(session: AsyncSession, seen: Sequence[RunObservation], now: datetime) -> None:
    """End the open runs that are not in `seen`, the list of all runs that the backend knows; the others are alive."""
    for lost in set(await runs.open_runs(session)) - {key_of(run) for run in seen}:
        if (row := await session.get(RunRow, lost)) is not None:
            await _end(session, row, row.alive_at, is_exact=False)
    await runs.note_open_runs_alive(session, now)
    await runs.forget_runs(session, now - RETENTION)


def key_of(run: RunObservation) -> runs.RunKey:
    """What names a run."""
    return run.deployment.version_id, run.pod, run.run


async def list_runs(session: AsyncSession, query: RunsQuery) -> RunPage:
    """Runs as the controller asks for them. Raises `InvalidInput` for a cursor that is none."""
    found = await runs.runs_since(session, query.ended_after, _key(query.cursor), query.limit)
    cursor = _cursor(found[-1]) if len(found) == query.limit else None
    return RunPage(items=tuple(run_of(row) for row in found), next_cursor=cursor)


def run_of(row: RunRow) -> PodRun:
    """A row as others read it."""
    times = {"started_at": row.started_at, "ended_at": row.ended_at, "is_exact": row.is_exact}
    return PodRun.model_validate(row.facts | times)


def _row(run: RunObservation, machine: str, now: datetime) -> RunRow:
    deployment = run.deployment
    facts = PodRun(
        service_id=deployment.service_id,
        service=deployment.service,
        version_id=deployment.version_id,
        version=deployment.version,
        pod=run.pod,
        run=run.run,
        node=run.node or machine,
        project=deployment.project,
        group=deployment.resources.group,
        resources=deployment.resources,
        started_at=run.started_at,
    )
    return RunRow(
        version_id=deployment.version_id,
        pod=run.pod,
        run=run.run,
        facts=facts.model_dump(mode="json", exclude=_TIMES),
        started_at=run.started_at,
        alive_at=max(run.started_at, now) if run.ended_at is None else run.started_at,
    )


async def _end(session: AsyncSession, row: RunRow, at: datetime, *, is_exact: bool) -> None:
    row.ended_at, row.is_exact = max(row.started_at, at), is_exact
    await publish(session, RunEnded.model_validate(run_of(row).model_dump()))


def _cursor(row: RunRow) -> str:
    return base64.urlsafe_b64encode(json.dumps([str(row.version_id), row.pod, row.run]).encode()).decode()


def _key(cursor: str | None) -> runs.RunKey | None:
    if cursor is None:
        return None
    try:
        version_id, pod, run = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        return UUID(version_id), str(pod), int(run)
    except (ValueError, TypeError, AttributeError) as error:
        raise InvalidInput("cursor: not one that was given out") from error
