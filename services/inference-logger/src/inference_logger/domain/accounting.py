"""Every request of the log accounted for: stored, dropped for a reason, on the way, or missing. Pure decisions.

Routers count what they put into their spools and what not, by the minute in which a request came in; rows are counted
in the tables; what was read and could be stored nowhere is counted here. A router says with its counts whether the
stream had all of their records before them (`is_complete`): what a table lacks of those is not on its way any more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

MINUTE = timedelta(minutes=1)
DEAD_LETTER = "dead_letter"
ERASED = "erased"

Lost = Counter[tuple[str, datetime, str]]
"""(service, minute, reason) → records."""


@dataclass(frozen=True)
class SourceCounts:
    """What one source counted of a service in a minute."""

    source: str
    service: str
    minute: datetime
    logged: int
    dropped: Mapping[str, int]
    is_complete: bool

    @property
    def rank(self) -> tuple[int, bool]:
        """Of two that a source said of a minute, the larger one is the later."""
        return self.logged + sum(self.dropped.values()), self.is_complete


@dataclass(frozen=True)
class MinuteFacts:
    """What is known of a service's minute."""

    counts: Sequence[SourceCounts]
    lost: Mapping[str, int]
    stored: int

    @property
    def logged(self) -> int:
        """Records that routers had."""
        return sum(one.logged for one in self.counts)

    @property
    def is_complete(self) -> bool:
        """Whether all of them came out of the stream."""
        return all(one.is_complete for one in self.counts)


@dataclass
class Account:
    """Accepted = stored + dropped + on the way + missing."""

    accepted: int = 0
    stored: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    on_the_way: int = 0
    missing: int = 0

    def add(self, facts: MinuteFacts, *, is_waiting: bool) -> None:
        """Another minute. `is_waiting`: a table of the service cannot be written, records wait for it."""
        lost = sum(facts.lost.values())
        # A router that was killed may have counted a record less than its spool kept.
        logged = max(facts.logged, facts.stored + lost)
        left = logged - facts.stored - lost
        self.stored += facts.stored
        self.dropped.update(facts.lost)
        for one in facts.counts:
            self.dropped.update(one.dropped)
        self.accepted += logged + sum(sum(one.dropped.values()) for one in facts.counts)
        if is_waiting or not facts.is_complete:
            self.on_the_way += left
        else:
            self.missing += left


def minute_of(at: datetime) -> datetime:
    """The beginning of its minute."""
    return at.astimezone(UTC).replace(second=0, microsecond=0)


def read_counts(body: bytes, service: str) -> list[SourceCounts]:
    """What a router's message says of `service`; what is not understood is left out."""
    if b'"counts"' not in body:
        return []
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError:
        return []
    found = content.get("counts") if isinstance(content, dict) else None
    if not isinstance(found, list):
        return []
    return [counts for one in found if (counts := _counts(one, service)) is not None]


def _counts(found: Any, service: str) -> SourceCounts | None:
    try:
        minute = minute_of(datetime.fromisoformat(found["minute"]))
        dropped = {str(reason)[:32]: int(count) for reason, count in found.get("dropped", {}).items()}
        source = str(UUID(found["source"]))
        return SourceCounts(source, service, minute, int(found["logged"]), dropped, bool(found.get("is_complete")))
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def lost_records(records: Iterable[Any], service: str, reason: str, at: datetime) -> Lost:
    """Records by the minute that each says that it came in; `at` for those that say none."""
    return Counter((service, _arrival(record, at), reason) for record in records)


def _arrival(record: Any, at: datetime) -> datetime:
    try:
        return minute_of(datetime.fromisoformat(record["received_at"]))
    except (KeyError, TypeError, ValueError):
        return minute_of(at)


def unreadable_records(body: bytes) -> list[Any]:
    """The records of a message that cannot be read, as far as they can be told; at least one."""
    try:
        found = orjson.loads(body)["records"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return [None]
    return found if isinstance(found, list) and found else [None]
