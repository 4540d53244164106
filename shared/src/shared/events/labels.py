"""Facts about ground truth. Producer: inference-logger."""

from __future__ import annotations

from typing import ClassVar

from shared.events.base import Event


class LabelsJoined(Event):
    """Inferences have got labels: `added` their first, `changed` another one."""

    entity: ClassVar[str] = "labels"
    fact: ClassVar[str] = "joined"
    service: str
    table: str
    location: str
    delta_version: int
    added: int
    changed: int

    def key(self) -> str:
        """The labelled table's name."""
        return self.table
