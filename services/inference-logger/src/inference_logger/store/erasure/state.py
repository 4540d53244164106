"""How far erasures are, as SQL. They name no row and nobody: the orders are the controller's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from inference_logger.domain.erasures import OUT_OF_REACH
from inference_logger.store.tables import ErasureRow
from shared.contracts.inference_tables.erasures import ErasureReceipt, TableErasure


@dataclass
class ErasureState:
    """One order: what was done, and which files must be gone before it is finished."""

    id: UUID
    rows: dict[str, int] = field(default_factory=dict)
    """Location → rows."""
    files: dict[str, list[str]] = field(default_factory=dict)
    """Location → files that held some of them."""
    gone: dict[str, int] = field(default_factory=dict)
    """Location → how many of those are gone."""
    names: dict[str, str] = field(default_factory=dict)
    """Location → name of the table."""
    begun: dict[str, int] = field(default_factory=dict)
    """Location → version of the table when the pass under way began; what a killed one did stands behind it."""
    first_pass_at: datetime | None = None
    last_pass_at: datetime | None = None
    next_pass_at: datetime | None = None
    finished_at: datetime | None = None
    waiting_for: str | None = None
    failed: set[str] = field(default_factory=set)
    """Places that the pass under way could not reach, or not do its work at."""

    @property
    def is_finished(self) -> bool:
        """Nothing is left to do."""
        return self.finished_at is not None

    @property
    def is_all_gone(self) -> bool:
        """No file that held some of the rows exists any more."""
        return all(self.gone.get(location, 0) >= len(files) for location, files in self.files.items())

    def has_touched(self, location: str) -> bool:
        """Whether rows went from there."""
        return bool(self.files.get(location))

    def note(self, name: str, location: str, rows: int, files: Iterable[str]) -> None:
        """A pass over a table has removed rows."""
        self.begun.pop(location, None)
        self.names[location] = name
        self.rows[location] = self.rows.get(location, 0) + rows
        self.files[location] = list(dict.fromkeys([*self.files.get(location, []), *files]))

    def note_gone(self, location: str, count: int) -> None:
        """So many of its files are gone."""
        self.gone[location] = count

    def receipt(self) -> ErasureReceipt:
        """As callers see it; tables of one name in several places are one."""
        tables: dict[str, TableErasure] = {}
        for location, name in self.names.items():
            before = tables.get(name, TableErasure())
            tables[name] = TableErasure(
                rows=before.rows + self.rows.get(location, 0),
                files_rewritten=before.files_rewritten + len(self.files.get(location, [])),
                files_gone=before.files_gone + self.gone.get(location, 0),
            )
        return ErasureReceipt(
            tables=tables,
            first_pass_at=self.first_pass_at,
            last_pass_at=self.last_pass_at,
            finished_at=self.finished_at,
            waiting_for=self.waiting_for,
            out_of_reach=OUT_OF_REACH,
        )


async def load_state(session: AsyncSession, identity: UUID) -> ErasureState:
    """How far an order is; as new where nothing is known of it."""
    row = await session.get(ErasureRow, identity)
    if row is None:
        return ErasureState(identity)
    times = {name: getattr(row, name) for name in ("first_pass_at", "last_pass_at", "next_pass_at", "finished_at")}
    return ErasureState(identity, **row.done, **times, waiting_for=row.waiting_for)


async def find_begun(session: AsyncSession, ids: Sequence[UUID]) -> tuple[UUID, ...]:
    """Those of the orders whose first pass is over."""
    begun: Any = ErasureRow
    wanted = select(begun.id).where(begun.id.in_(ids), begun.first_pass_at.is_not(None))
    return tuple((await session.execute(wanted)).scalars())


async def save_state(session: AsyncSession, state: ErasureState) -> None:
    """Note how far an order is."""
    await session.merge(
        ErasureRow(
            id=state.id,
            done={name: getattr(state, name) for name in ("rows", "files", "gone", "names", "begun")},
            first_pass_at=state.first_pass_at,
            last_pass_at=state.last_pass_at,
            next_pass_at=state.next_pass_at,
            finished_at=state.finished_at,
            waiting_for=state.waiting_for,
        )
    )
