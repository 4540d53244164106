"""Facts about quality rules. Producer: controller."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from shared.events.base import Event


class MonitorDefined(Event):
    """A rule of a service was made, or defined anew."""

    entity: ClassVar[str] = "monitor"
    fact: ClassVar[str] = "defined"
    service: str
    monitor_id: UUID
    monitor: str
    revision: int
    actor: str | None = None

    def key(self) -> str:
        """The rule's name within its service."""
        return f"{self.service}.{self.monitor}"


class MonitorDeleted(Event):
    """A rule is gone, with its windows."""

    entity: ClassVar[str] = "monitor"
    fact: ClassVar[str] = "deleted"
    service: str
    monitor_id: UUID
    monitor: str
    actor: str | None = None

    def key(self) -> str:
        """The rule's name within its service."""
        return f"{self.service}.{self.monitor}"
