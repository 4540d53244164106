"""What a piece of work asks of a database: the measure of its growth that no busy machine can spoil."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Mapper

from shared.database import Database

_OF_THE_DIALECT = ("BEGIN", "PRAGMA", "SELECT 1")


@dataclass
class Asked:
    """Statements, in order, and how many records were made of their rows."""

    statements: list[str] = field(default_factory=list)
    records: int = 0

    @property
    def writes(self) -> list[str]:
        """Statements that change something."""
        return [each for each in self.statements if not each.lstrip().upper().startswith("SELECT")]


@contextmanager
def counted(database: Database) -> Iterator[Asked]:
    """Counts what is asked of `database` inside the block."""
    asked = Asked()

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.upper().startswith(_OF_THE_DIALECT):
            asked.statements.append(statement)

    def loaded(*_: Any) -> None:
        asked.records += 1

    engine = database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    event.listen(Mapper, "load", loaded)
    try:
        yield asked
    finally:
        event.remove(engine, "before_cursor_execute", note)
        event.remove(Mapper, "load", loaded)
