"""Facts about inference tables. Producer: inference-logger."""

from __future__ import annotations

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
