"""How far rules have come, and their baselines."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from monitor.store.tables import BaselineRow, RuleProgressRow, RuleWindowRow
from shared.contracts.quality.monitors import Monitor

KEPT_BASELINES = 4
"""Of a rule: that of the model of before is needed again after a roll-back."""


async def load_progress(session: AsyncSession, rule: Monitor) -> RuleProgressRow:
    """How far a rule has come; a row for one that has not begun."""
    row = await session.get(RuleProgressRow, rule.id)
    if row is None:
        row = RuleProgressRow(monitor_id=rule.id, service=rule.service, monitor=rule.name)
        session.add(row)
    return row


async def every_progress(session: AsyncSession) -> dict[UUID, RuleProgressRow]:
    """By rule."""
    table: Any = RuleProgressRow
    return {row.monitor_id: row for row in (await session.scalars(select(table))).all()}


async def forget_others(session: AsyncSession, known: Collection[UUID]) -> list[tuple[str, str]]:
    """Delete all of rules that are no more; gives their services and names."""
    gone = [row for row in (await every_progress(session)).values() if row.monitor_id not in known]
    for row in gone:
        for kind in (RuleWindowRow, BaselineRow, RuleProgressRow):
            table: Any = kind
            await session.execute(delete(table).where(table.monitor_id == row.monitor_id))
    return [(row.service, row.monitor) for row in gone]


async def find_baseline(session: AsyncSession, monitor_id: UUID, digest: str) -> BaselineRow | None:
    """That of a rule which was made from what `digest` names."""
    return await session.get(BaselineRow, (monitor_id, digest))


async def find_baseline_of(session: AsyncSession, monitor_id: UUID, source: str) -> BaselineRow | None:
    """The newest of a rule that was made of this source."""
    table: Any = BaselineRow
    query = select(table).where(table.monitor_id == monitor_id, table.source == source)
    found: BaselineRow | None = await session.scalar(query.order_by(table.made_at.desc()).limit(1))
    return found


async def save_baseline(session: AsyncSession, made: BaselineRow) -> None:
    """Keep a baseline as it was made; the last few of a rule stay."""
    table: Any = BaselineRow
    await session.merge(made)
    await session.flush()
    newest = (
        select(table).where(table.monitor_id == made.monitor_id).order_by(table.made_at.desc()).offset(KEPT_BASELINES)
    )
    for older in (await session.scalars(newest)).all():
        await session.delete(older)
