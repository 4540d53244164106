"""How far label sources are, which of their files were read, and their last runs. As SQL."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from inference_logger.domain.labels.sources import SourceProgress, says_the_same
from inference_logger.store.tables import LabelRunRow, LabelSourceFileRow, LabelSourceRow
from shared.contracts.inference_tables.label_sources import LabelRun, LabelSource

RUNS_KEPT = 50
"""Of each source."""
AT_ONCE = 500
_STATE = {"fingerprint", "position", "failures", "reason", "failing_since", "last_run_at", "requested_at"}


async def load_progress(session: AsyncSession, source: LabelSource) -> tuple[SourceProgress, bool]:
    """How far it is, as it is defined now; and whether it is to be read from the beginning."""
    row = await session.get(LabelSourceRow, source.id)
    found = SourceProgress() if row is None else SourceProgress(**row.model_dump(include=_STATE))
    current = found.of(source)
    return current, current is not found


async def save_progress(session: AsyncSession, source: LabelSource, progress: SourceProgress) -> None:
    """Keep it."""
    state = {name: getattr(progress, name) for name in _STATE}
    await session.merge(LabelSourceRow(id=source.id, service=source.service, **state))


async def known_files(session: AsyncSession, source: UUID) -> dict[str, str]:
    """Files that were read → their identity then."""
    query = select(LabelSourceFileRow).where(LabelSourceFileRow.source_id == source)
    return {row.path: row.identity for row in (await session.scalars(query)).all()}


async def note_files(session: AsyncSession, source: UUID, read: Mapping[str, str], gone: Iterable[str] = ()) -> None:
    """These were read; of those that are `gone` nothing need be known."""
    await _forget(session, source, [*read, *gone])
    session.add_all(LabelSourceFileRow(source_id=source, path=path, identity=what) for path, what in read.items())


async def _forget(session: AsyncSession, source: UUID, paths: list[str]) -> None:
    table: Any = LabelSourceFileRow
    for start in range(0, len(paths), AT_ONCE):
        wanted = table.path.in_(paths[start : start + AT_ONCE])
        await session.execute(delete(table).where(table.source_id == source, wanted))


async def forget_files(session: AsyncSession, source: UUID) -> None:
    """It is read from the beginning."""
    table: Any = LabelSourceFileRow
    await session.execute(delete(table).where(table.source_id == source))


async def save_run(session: AsyncSession, source: UUID, run: LabelRun) -> None:
    """Keep a run, and forget the oldest ones; of runs on end that say the same of nothing new, the last one stays."""
    last = await session.scalar(
        select(LabelRunRow).where(LabelRunRow.source_id == source).order_by(col(LabelRunRow.id).desc()).limit(1)
    )
    if last is not None and says_the_same(run, LabelRun.model_validate(last.run)):
        await session.delete(last)
    session.add(LabelRunRow(id=run.id, source_id=source, run=run.model_dump(mode="json")))
    await session.flush()
    table: Any = LabelRunRow
    query = select(table.id).where(table.source_id == source).order_by(table.id.desc()).offset(RUNS_KEPT)
    old = (await session.scalars(query)).all()
    if old:
        await session.execute(delete(table).where(table.id.in_(old)))


async def last_runs(session: AsyncSession, source: UUID, limit: int) -> list[LabelRun]:
    """Newest first."""
    query = select(LabelRunRow).where(LabelRunRow.source_id == source).order_by(col(LabelRunRow.id).desc())
    return [LabelRun.model_validate(row.run) for row in (await session.scalars(query.limit(limit))).all()]


async def forget_others(session: AsyncSession, defined: Collection[UUID]) -> None:
    """Sources that are defined no more."""
    known = (await session.scalars(select(LabelSourceRow.id))).all()
    tables: list[Any] = [LabelRunRow, LabelSourceFileRow]
    row: Any = LabelSourceRow
    for source in set(known) - set(defined):
        for table in tables:
            await session.execute(delete(table).where(table.source_id == source))
        await session.execute(delete(row).where(row.id == source))
