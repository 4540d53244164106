"""A table's log does not grow for ever: old entries go, nothing that is in the table does, and readers find it all."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from inference_logger.domain.tables import TableKey, TableShare
from inference_logger.store.delta.log_entries import trim_log
from inference_logger.store.delta.payload import PayloadTables
from inference_logger.store.reading.snapshot import open_snapshot
from running_services.logged_requests import counted, record
from shared.errors import Conflict, NotFound

KEY = TableKey("wine")


class Table:
    """A payload table of commits of one row each."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.tables = PayloadTables(str(home / "tables"))
        self.location = self.tables.location(KEY)
        self.position = 0

    def grow(self, commits: int) -> None:
        for _ in range(commits):
            self.position += 1
            share = TableShare(records=[(self.position, record(f"r{self.position}"))])
            self.tables.append(KEY, share, "app", self.position)

    def tidy(self) -> int:
        """The version of the checkpoint that was made."""
        self.tables.compact(self.location, timedelta(days=7))
        return self.opened().version()

    def opened(self, version: int | None = None) -> DeltaTable:
        return DeltaTable(self.location, version=version)

    def names(self) -> list[str]:
        return sorted(path.name for path in Path(self.location, "_delta_log").iterdir())

    def each_once(self) -> dict[str, int]:
        return {f"r{number}": 1 for number in range(1, self.position + 1)}


@pytest.fixture
def table(home: Path) -> Table:
    made = Table(home)
    made.grow(3)
    return made


def test_entries_before_a_checkpoint_go_and_every_row_stays(table: Table) -> None:
    table.tidy()
    table.grow(2)
    base = table.tidy()
    table.grow(4)

    assert trim_log(table.location, 4) > 0
    assert trim_log(table.location, 4) == 0
    assert min(table.names()) == f"{base:020d}.checkpoint.parquet"
    assert counted(table.home) == table.each_once()
    assert table.opened(base).version() == base
    with pytest.raises(DeltaError):
        table.opened(base - 1)
    with pytest.raises(Conflict, match="begin again"):  # a cursor's
        open_snapshot(table.location, version=base - 1)
    with pytest.raises(NotFound):
        open_snapshot(f"{table.location}-of-nobody", version=1)
    table.grow(2)  # by the object that was open all along
    again = PayloadTables(table.tables.default_root)
    seen = TableShare(records=[(1, record("r1")), (table.position, record(f"r{table.position}"))])
    assert again.append(KEY, seen, "app", table.position).rows == 0
    assert counted(table.home) == table.each_once()


@pytest.mark.parametrize("kept", [0, 1, 100])
def test_what_no_checkpoint_stands_for_stays(table: Table, kept: int) -> None:
    before = table.names()
    assert trim_log(table.location, kept) == 0
    assert table.names() == before
    (Path(table.location) / "_delta_log" / "note.txt").write_text("of somebody else")
    table.tidy()
    table.grow(1)
    trim_log(table.location, kept)
    assert "note.txt" in table.names()
    assert counted(table.home) == table.each_once()
