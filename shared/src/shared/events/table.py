"""Facts about inference tables. Producer: inference-logger."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from shared.events.base import Event


class TableCommitted(Event):
    """Rows were committed to an inference table."""

    entity: ClassVar[str] = "table"
    fact: ClassVar[str] = "committed"
    service: str
    table: str
    location: str
    delta_version: int
    rows: int

    def key(self) -> str:
        """The table's name."""
        return self.table


class TableBlocked(Event):
    """An inference table cannot be written; its records wait, other tables go on."""

    entity: ClassVar[str] = "table"
    fact: ClassVar[str] = "blocked"
    service: str
    table: str
    location: str
    reason: str

    def key(self) -> str:
        """The table's name."""
        return self.table


class TableRecovered(Event):
    """A table that was blocked has everything again."""

    entity: ClassVar[str] = "table"
    fact: ClassVar[str] = "recovered"
    service: str
    table: str
    location: str
    blocked_at: datetime

    def key(self) -> str:
        """The table's name."""
        return self.table


class TableRowsDropped(Event):
    """Records of a blocked table were lost. Reasons: `parking_full`, `parking_unwritable`, `parking_damaged`."""

    entity: ClassVar[str] = "table"
    fact: ClassVar[str] = "rowsdropped"
    service: str
    table: str
    location: str
    rows: int
    reason: str

    def key(self) -> str:
        """The table's name."""
        return self.table
