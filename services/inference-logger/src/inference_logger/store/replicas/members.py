"""Replicas of the inference-logger, and how they share the services, as SQL. Whoever changes that holds its row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from inference_logger.domain.replicas.assignment import Assignment
from inference_logger.domain.replicas.leases import Heartbeat
from inference_logger.domain.streams import Checkpoint
from inference_logger.store import positions
from inference_logger.store.tables import AssignmentRow, ReplicaRow

ONLY = 1
"""There is one assignment."""


@dataclass(frozen=True)
class ReplicaPosition:
    """Up to where a member has stored what it owns; `stored_at` of the message there."""

    sequence: int
    stored_at: datetime | None


async def make_assignment(session: AsyncSession) -> None:
    """Before anybody shares anything; of two that come first, one makes it."""
    empty = "INSERT INTO assignments (id, epoch, stream, members, layers, home) VALUES (1, 0, '', '[]', '[]', '')"
    await session.execute(text(f"{empty} ON CONFLICT DO NOTHING"))


async def load_assignment(session: AsyncSession, *, hold: bool = False) -> Assignment | None:
    """How services are shared; None: nobody ever shared them. `hold`: nobody else changes it until the end."""
    table: Any = AssignmentRow
    wanted = select(table).where(table.id == ONLY)
    row = (await session.execute(wanted.with_for_update() if hold else wanted)).scalar_one_or_none()
    if row is None:
        return None
    return Assignment(row.epoch, tuple(row.members), row.stream, tuple(row.layers), row.home)


async def save_assignment(session: AsyncSession, new: Assignment) -> None:
    """Note a change."""
    values = {name: getattr(new, name) for name in ("epoch", "stream", "home")}
    layers = [dict(layer) for layer in new.layers]
    await session.merge(AssignmentRow(id=ONLY, members=list(new.members), layers=layers, **values))
    await session.flush()


async def find_positions(session: AsyncSession) -> dict[str, ReplicaPosition]:
    """Member → its position."""
    table: Any = ReplicaRow
    found = await session.execute(select(table.name, table.sequence, table.stored_at))
    return {name: ReplicaPosition(sequence, stored_at) for name, sequence, stored_at in found}


async def find_heartbeats(session: AsyncSession) -> dict[str, Heartbeat]:
    """Member → what it last said."""
    table: Any = ReplicaRow
    found = await session.execute(select(table.name, table.process, table.beat))
    return {name: (process, beat) for name, process, beat in found}


async def send_heartbeat(session: AsyncSession, name: str, process: str) -> bool:
    """Say that a member is there; False: this process is none any more."""
    table: Any = ReplicaRow
    said = update(table).where(table.name == name, table.process == process).values(beat=table.beat + 1)
    done: Any = await session.execute(said)
    return bool(done.rowcount)


async def set_members(session: AsyncSession, members: Mapping[str, str], at: ReplicaPosition) -> None:
    """These processes, by member, are there now and read on from one position."""
    table: Any = ReplicaRow
    await session.execute(delete(table).where(table.name.not_in(list(members))))
    for name, process in members.items():
        row = await session.get(ReplicaRow, name)
        if row is None:
            row = ReplicaRow(name=name, process=process)
            session.add(row)
        row.process, row.sequence, row.stored_at = process, at.sequence, at.stored_at
    await session.flush()


async def take_over(session: AsyncSession, name: str, process: str) -> None:
    """A member is another process now; it goes on where the last one was."""
    table: Any = ReplicaRow
    await session.execute(update(table).where(table.name == name).values(process=process))


async def note_position(session: AsyncSession, name: str, upto: Checkpoint, at: datetime) -> None:
    """A member has stored all that it owns up to there; the stream's checkpoint is that of the last of them."""
    table: Any = ReplicaRow
    moved = update(table).where(table.name == name).values(sequence=upto.sequence, stored_at=upto.stored_at)
    await session.execute(moved)
    last = lowest((await find_positions(session)).values())
    new = Checkpoint(upto.stream, last.sequence, upto.epoch, last.stored_at, upto.doubtful_until)
    await positions.set_checkpoint(session, new, at)


def lowest(found: Iterable[ReplicaPosition]) -> ReplicaPosition:
    """The one that is furthest behind."""
    return min(found, key=lambda each: each.sequence)
