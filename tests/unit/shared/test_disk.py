"""A disk that cannot be written is named: to callers, and by readiness."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from sqlalchemy import text

from shared.database import Database
from shared.errors import Unavailable
from shared.filesystem.disk import DISK_FULL, DiskCheck, write_problem
from waiting.set_clock import SetClock


async def test_a_database_without_room_says_disk_and_not_busy(tmp_path: Path) -> None:
    database = Database.open(f"sqlite+aiosqlite:///{tmp_path}/small.db")
    async with database.unit_of_work() as session:
        await session.execute(text("CREATE TABLE rows (content TEXT)"))
    with pytest.raises(Unavailable, match="disk is full: free space"):
        await fill(database)
    await database.close()


async def fill(database: Database) -> None:
    async with database.unit_of_work() as session:
        await session.execute(text("PRAGMA max_page_count = 4"))
        await session.execute(text("INSERT INTO rows VALUES (:content)"), {"content": "x" * 100_000})


def test_a_folder_that_can_be_written_has_no_problem_and_nothing_is_left_in_it(tmp_path: Path) -> None:
    assert write_problem(tmp_path) is None
    assert list(tmp_path.iterdir()) == []
    assert write_problem(tmp_path / "not made") is None


def test_what_cannot_be_written_is_said_and_looked_at_again(tmp_path: Path) -> None:
    clock, probe = SetClock(), tmp_path / f".disk-probe-{os.getpid()}"
    probe.symlink_to("/dev/full")  # every write: ENOSPC
    clock.stands_at = 0.0
    check = DiskCheck(tmp_path, clock)

    assert check.details() == {"problem": DISK_FULL}
    assert not probe.exists()
    assert check.problem() == DISK_FULL  # looked at a moment ago
    clock.skipped_s += 6
    assert check.details() == {}


def test_a_file_in_the_place_of_the_folder_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    assert os.strerror(errno.ENOTDIR) in (write_problem(tmp_path / "file") or "")
