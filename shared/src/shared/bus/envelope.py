"""CloudEvents 1.0 in NATS headers (binary mode): the body is the event's JSON alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic import ValidationError

from shared.errors import InvalidInput, validation_details
from shared.events import EVENT_TYPES, Event
from shared.events.request import REQUESTS_SUBJECT, RequestLogged

MSG_ID = "Nats-Msg-Id"
MALFORMED = "penstock-malformed-headers"
"""Header that the connection puts onto a message whose own headers could not be read."""


@dataclass(frozen=True)
class ReceivedEvent:
    """An event as it came in. `event` is None for a type that this reader does not know."""

    id: str
    type: str
    headers: Mapping[str, str]
    event: Event | None


_cause: ContextVar[ReceivedEvent | None] = ContextVar("penstock_cause", default=None)


@contextmanager
def caused_by(received: ReceivedEvent) -> Iterator[None]:
    """Within the block, every event that is published follows from `received`."""
    token = _cause.set(received)
    try:
        yield
    finally:
        _cause.reset(token)


def headers_of(
    event: Event, *, event_id: UUID, source: str, at: datetime, causation: str | None = None
) -> dict[str, str]:
    """The headers of one event; `Nats-Msg-Id` equals its id, so that a repeated publish is stored once.

    Cause and correlation come from the event that is being acted on, unless `causation` names another.
    """
    cause = _cause.get()
    causation = causation or (cause.id if cause else None)
    correlation = cause.headers.get("ce-correlationid") if cause else None
    return {
        "ce-specversion": "1.0",
        "ce-id": str(event_id),
        "ce-source": f"penstock/{source}",
        "ce-type": event.event_type(),
        "ce-time": at.isoformat(),
        "ce-subject": event.key(),
        "ce-correlationid": correlation or causation or str(event_id),
        "ce-causationid": causation or str(event_id),
        "content-type": "application/json",
        MSG_ID: str(event_id),
    }


def subject_of(event: Event) -> str:
    """Where an event is published."""
    return f"{REQUESTS_SUBJECT}.{event.key()}" if isinstance(event, RequestLogged) else event.subject()


def parse_event(headers: Mapping[str, str] | None, body: bytes) -> ReceivedEvent:
    """Parse one message; raises `InvalidInput` for one that is no event of ours or does not fit its schema."""
    headers = headers or {}
    if MALFORMED in headers:
        raise InvalidInput("its headers are malformed")
    event_id, event_type = headers.get("ce-id"), headers.get("ce-type")
    if not event_id or not event_type:
        raise InvalidInput("not a CloudEvent: ce-id and ce-type are missing")
    kind = EVENT_TYPES.get(event_type)
    if kind is None:
        return ReceivedEvent(event_id, event_type, headers, None)
    try:
        return ReceivedEvent(event_id, event_type, headers, kind.model_validate_json(body))
    except ValidationError as error:
        found = validation_details(error)
        first = f"{'.'.join(map(str, found[0].loc))}: {found[0].msg}"
        raise InvalidInput(f"{event_type} does not fit its schema: {first}", found) from error
