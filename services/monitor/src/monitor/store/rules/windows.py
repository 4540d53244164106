"""Verdicts of windows: replaced as a whole where a window is computed again, listed, deleted when they are old."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import and_, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from monitor.domain.rules.signals import JudgedWindow
from monitor.domain.rules.timing import Window, retry_at
from monitor.domain.rules.verdicts import Verdict, finite
from monitor.store.tables import RuleWindowRow
from shared.contracts.quality.monitors import MonitorWindow
from shared.contracts.rpc.quality import WindowsQuery

_table: Any = RuleWindowRow


async def save_window(
    session: AsyncSession,
    monitor_id: UUID,
    window: Window,
    verdicts: Sequence[Verdict],
    now: datetime,
    *,
    is_retried: bool = False,
) -> None:
    """Keep these verdicts in place of what is known of the window. `is_retried`: it is to be tried again."""
    same = (_table.monitor_id == monitor_id, _table.start_at == window.start, _table.end_at == window.end)
    before = (await session.execute(select(func.max(_table.revision), func.max(_table.attempts)).where(*same))).one()
    await session.execute(delete(_table).where(*same))
    attempts = (before[1] or 0) + 1 if is_retried else 0
    for verdict in verdicts:
        session.add(
            RuleWindowRow(
                monitor_id=monitor_id,
                start_at=window.start,
                end_at=window.end,
                column=verdict.column,
                slice=verdict.slice,
                state=verdict.state,
                value=finite(verdict.value),
                threshold=finite(verdict.threshold),
                rows=verdict.rows,
                reason=verdict.reason,
                details=finite(verdict.details),
                revision=(before[0] or 0) + 1,
                evaluated_at=now,
                attempts=attempts,
                retry_at=retry_at(attempts, now) if is_retried else None,
            )
        )


async def find_windows(session: AsyncSession, query: WindowsQuery, offset: int) -> list[MonitorWindow]:
    """Verdicts of a rule, newest first."""
    wanted = select(_table).where(_table.monitor_id == query.id)
    if query.from_time is not None:
        wanted = wanted.where(_table.end_at > query.from_time)
    if query.to_time is not None:
        wanted = wanted.where(_table.start_at < query.to_time)
    for column, value in ((_table.column, query.column), (_table.slice, query.slice), (_table.state, query.state)):
        wanted = wanted.where(column == value) if value is not None else wanted
    ordered = wanted.order_by(_table.end_at.desc(), _table.start_at, _table.id).offset(offset).limit(query.limit)
    return [_shown(row) for row in (await session.scalars(ordered)).all()]


def _shown(row: RuleWindowRow) -> MonitorWindow:
    same = ("column", "slice", "state", "value", "threshold", "rows", "reason", "revision", "evaluated_at", "details")
    return MonitorWindow(start=row.start_at, end=row.end_at, **{name: getattr(row, name) for name in same})


async def last_windows(
    session: AsyncSession, monitor_id: UUID, count: int, until: datetime | None = None
) -> list[JudgedWindow]:
    """The last `count` windows (that end by `until`) with their verdicts, oldest first."""
    of_rule = _table.monitor_id == monitor_id
    if until is not None:
        of_rule = and_(of_rule, _table.end_at <= until)
    ends = select(_table.end_at).where(of_rule).distinct().order_by(_table.end_at.desc()).limit(count)
    oldest = min((await session.scalars(ends)).all(), default=None)
    if oldest is None:
        return []
    wanted = select(_table).where(of_rule, _table.end_at >= oldest).order_by(_table.end_at, _table.start_at, _table.id)
    rows = (await session.scalars(wanted)).all()
    return [
        JudgedWindow(window, [_verdict(row) for row in group])
        for window, group in groupby(rows, lambda row: Window(row.start_at, row.end_at))
    ]


def _verdict(row: RuleWindowRow) -> Verdict:
    return Verdict(
        row.state,  # type: ignore[arg-type]  # one that was stored
        row.column,
        row.slice,
        row.value,
        row.threshold,
        row.rows,
        row.reason,
        row.details,
    )


async def windows_to_retry(session: AsyncSession, monitor_id: UUID, now: datetime) -> list[Window]:
    """Windows that are to be computed again by now, oldest first."""
    due = (_table.monitor_id == monitor_id, _table.retry_at <= now)
    wanted = select(_table.start_at, _table.end_at).where(*due).distinct().order_by(_table.end_at)
    return [Window(start, end) for start, end in (await session.execute(wanted)).all()]


async def rules_to_retry(session: AsyncSession, now: datetime) -> set[UUID]:
    """Rules that have windows which are to be computed again by now."""
    return set((await session.scalars(select(_table.monitor_id).where(_table.retry_at <= now).distinct())).all())


async def compute_again(session: AsyncSession, monitor_id: UUID, windows: Collection[Window], now: datetime) -> None:
    """Have windows that were judged before computed again; others of `windows` are none of them."""
    if not windows:
        return
    ends = [window.end for window in windows]
    within = (_table.monitor_id == monitor_id, _table.end_at >= min(ends), _table.end_at <= max(ends))
    judged = (await session.execute(select(_table.start_at, _table.end_at).where(*within).distinct())).all()
    for window in set(windows) & {Window(start, end) for start, end in judged}:
        same = (_table.monitor_id == monitor_id, _table.start_at == window.start, _table.end_at == window.end)
        await session.execute(update(_table).where(*same).values(retry_at=now))


async def delete_windows(session: AsyncSession, before: datetime) -> None:
    """Delete verdicts of windows that ended before then."""
    await session.execute(delete(_table).where(_table.end_at < before))
