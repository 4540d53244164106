"""RequestLogged: what was asked, what was answered. Producer: router (from its spool); consumers: inference-logger."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from pydantic import Field

from shared.contracts.base import Contract
from shared.contracts.metrics.log_counts import LogCounts
from shared.events.base import Event

REQUESTS_SUBJECT = "penstock.requests.v1"
"""Prefix; the service's name follows."""
LOG_TOPICS_SUBJECT = "penstock.logtopics.v1"
"""Prefix; the log set and the topic follow."""
RETRY_HEADER = "penstock-retry"
"""Header of a message that was sent again after the server had forgotten its id: it may be stored already."""


class RequestRecord(Contract):
    """One request that was given to a version."""

    request_id: str = Field(description="What the caller saw as `X-Request-Id`; its own if it sent a valid one.")
    record_id: str | None = Field(
        default=None,
        description="Identity of the row: a UUIDv7 given by the router, unique even where a caller repeats its "
        "`X-Request-Id`, and the same in every replay. Equal to `request_id` where the caller sent none.",
    )
    client_request_id: str | None = None
    service: str
    version: str
    version_id: UUID
    generation: int | None = Field(
        default=None, description="Of the version whose pod answered; None: none did, or the router is an older one."
    )
    pod: str | None = None
    model: str | None = Field(default=None, description="Served entity, such as `wine_quality/3`.")
    received_at: datetime
    duration_ms: float
    status_code: int
    route_reason: str = Field(description="`weighted`, `only`, `sticky`, `fallback`, `version` (direct path), `debug`.")
    api_key_id: UUID | None = None
    request: str | None = None
    response: str | None = None
    sampling_fraction: float = 1.0
    logging_error_codes: tuple[str, ...] = ()
    trace_id: str | None = None
    destination: str | None = None
    log_topic: str | None = Field(default=None, description="`<log set>.<topic>` that gets it as well.")


class RequestLogged(Event):
    """0..N records of one service, in the order in which they were answered."""

    entity: ClassVar[str] = "request"
    fact: ClassVar[str] = "logged"
    records: tuple[RequestRecord, ...]
    counts: tuple[LogCounts, ...] = Field(
        default=(), description="What a router counted of the service; such a message has no records."
    )

    def key(self) -> str:
        """The service's name."""
        return self.records[0].service if self.records else ""
