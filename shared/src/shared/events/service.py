"""Facts about services, their traffic and their keys. Producer: controller."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from pydantic import Field

from shared.events.base import Event


class ServiceFact(Event):
    """What every fact about a service carries."""

    entity: ClassVar[str] = "service"
    service_id: UUID
    service: str
    actor: str | None = None

    def key(self) -> str:
        """The service's name."""
        return self.service


class ServiceCreated(ServiceFact):
    """A service exists."""

    fact: ClassVar[str] = "created"
    type: str
    project: str


class ServiceUpdated(ServiceFact):
    """Description, tags, authentication or log delivery of a service changed."""

    fact: ClassVar[str] = "updated"
    changed: tuple[str, ...] = ()


class ServiceDeleted(ServiceFact):
    """A service and everything of it is gone, its tables apart (unless `purge_tables`)."""

    fact: ClassVar[str] = "deleted"
    purge_tables: bool = False
    deleted_at: datetime | None = Field(default=None, description="What was logged up to then is of this service.")


class TrafficChanged(ServiceFact):
    """The weighted split over a service's versions changed."""

    entity: ClassVar[str] = "traffic"
    fact: ClassVar[str] = "changed"
    weights: dict[str, int]
    fallback: str | None = Field(
        default=None, description="The version that answers while none with a weight has a ready pod."
    )


class ApiKeyIssued(ServiceFact):
    """A key opens a service. The key and its hash are never in an event."""

    entity: ClassVar[str] = "apikey"
    fact: ClassVar[str] = "issued"
    key_id: UUID
    name: str


class ApiKeyRevoked(ServiceFact):
    """A key opens a service no more."""

    entity: ClassVar[str] = "apikey"
    fact: ClassVar[str] = "revoked"
    key_id: UUID
    name: str
