"""Runs of pods: one row each, by (version, pod, run), however often and in whatever order it is reported."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, case, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from controller.domain.resources.usage import Window
from controller.store.tables import PodRunRow

RunKey = tuple[UUID, str, int]

_PROJECT = ("project",)
_SERVICE = (*_PROJECT, "service", "service_id")
_VERSION = (*_SERVICE, "version", "version_id")
_POD = (*_VERSION, "pod")
GROUPS: dict[str, tuple[str, ...]] = {
    "project": _PROJECT,
    "service": _SERVICE,
    "version": _VERSION,
    "pod": _POD,
    "run": (*_POD, "run", "started_ms", "ended_ms", "is_exact"),
}
"""What usage can be summed by, and what then names a sum."""


@dataclass(frozen=True)
class RunFilter:
    """Which runs are counted; None does not filter. `projects`: those that the caller may see."""

    projects: frozenset[str] | None = None
    project: str | None = None
    service: str | None = None


@dataclass(frozen=True)
class MeteredSums:
    """What some runs used in one window: milliseconds, each times cores, GiB, GPUs, price per hour."""

    names: dict[str, Any]
    window: Window
    runs: int
    pod_ms: int
    cpu_ms: float
    memory_gb_ms: float
    gpu_ms: float
    price_ms: float


async def locked_run(session: AsyncSession, key: RunKey) -> PodRunRow | None:
    """A run, kept from other writers until the transaction ends."""
    return await session.get(PodRunRow, key, with_for_update=True)


async def add_run(session: AsyncSession, row: PodRunRow) -> PodRunRow:
    """Add a run; the stored one where somebody else has just added it."""
    try:
        async with session.begin_nested():
            session.add(row)
    except IntegrityError:
        found = await locked_run(session, (row.version_id, row.pod, row.run))
        assert found is not None
        return found
    return row


async def recent_runs(session: AsyncSession, ended_after_ms: int) -> dict[RunKey, tuple[int | None, bool, int]]:
    """End, whether it is exact, and when it was last known alive, of runs that are open or ended after a moment."""
    names = ("version_id", "pod", "run", "ended_ms", "is_exact", "alive_ms")
    is_recent = col(PodRunRow.ended_ms).is_(None) | (col(PodRunRow.ended_ms) >= ended_after_ms)
    rows = (await session.execute(select(*(getattr(PodRunRow, name) for name in names)).where(is_recent))).all()
    return {(row[0], row[1], row[2]): (row[3], row[4], row[5]) for row in rows}


async def mark_runs_alive(session: AsyncSession, at_ms: int, but: Sequence[RunKey]) -> None:
    """Note that the open runs live, save those that are missing."""
    missing = {pod for _, pod, _ in but}
    is_older = col(PodRunRow.ended_ms).is_(None) & (col(PodRunRow.alive_ms) < at_ms)
    marking = update(PodRunRow).where(is_older, col(PodRunRow.pod).not_in(missing)).values(alive_ms=at_ms)
    await session.execute(marking.execution_options(synchronize_session=False))


async def first_start_ms(session: AsyncSession) -> int | None:
    """When the first run began that is known."""
    return (await session.execute(select(func.min(PodRunRow.started_ms)))).scalar_one()


async def usage_sums(
    session: AsyncSession, window: Window, now_ms: int, group_by: str, wanted: RunFilter
) -> list[MeteredSums]:
    """What each group used in a window, by name; open runs count up to `now_ms`."""
    names = GROUPS[group_by]
    ended = case((col(PodRunRow.ended_ms).is_(None), now_ms), else_=col(PodRunRow.ended_ms))
    share = _share(ended, window)
    columns = [getattr(PodRunRow, name) for name in names]
    used = [func.sum(share * part) for part in (PodRunRow.cpu, PodRunRow.memory_gb, PodRunRow.gpu, PodRunRow.price)]
    query = select(*columns, func.count(), func.sum(share), *used).group_by(*columns)
    query = query.where(col(PodRunRow.started_ms) < window.end_ms, ended > window.start_ms, *_filters(wanted))
    found = [_sums(names, window, tuple(row)) for row in await session.execute(query)]
    return sorted(found, key=lambda each: place_of(each.names))


def place_of(names: dict[str, Any]) -> tuple[str, ...]:
    """Where a group stands in a list, whatever the database's collation."""
    return tuple(f"{value:020d}" if isinstance(value, int) else str(value) for value in names.values())


def _share(ended: ColumnElement[int], window: Window) -> ColumnElement[int]:
    """Milliseconds of a run in a window, as `usage.overlap_ms` counts them."""
    started = col(PodRunRow.started_ms)
    until = case((ended > window.end_ms, window.end_ms), else_=ended)
    return until - case((started < window.start_ms, window.start_ms), else_=started)


def _filters(wanted: RunFilter) -> list[ColumnElement[bool]]:
    asked = {"project": wanted.project, "service": wanted.service}
    filters = [getattr(PodRunRow, name) == value for name, value in asked.items() if value is not None]
    return filters if wanted.projects is None else [*filters, col(PodRunRow.project).in_(wanted.projects)]


def _sums(names: tuple[str, ...], window: Window, row: tuple[Any, ...]) -> MeteredSums:
    count, pod_ms, *used = row[len(names) :]
    cpu, memory, gpu, price = map(float, used)
    return MeteredSums(dict(zip(names, row, strict=False)), window, count, int(pod_ms), cpu, memory, gpu, price)
