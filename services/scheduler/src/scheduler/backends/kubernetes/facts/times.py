"""Times as Kubernetes writes them: RFC 3339, in seconds in objects, in nanoseconds in logs."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)")


def time_of(text: object) -> datetime | None:
    """A time of an object; None where there is none, or none that can be read."""
    found = micros_of(text) if isinstance(text, str) else None
    return None if found is None else moment(found)


def micros_of(text: str) -> int | None:
    """Microseconds since 1970; None where it is no time."""
    found = _TIME.fullmatch(text)
    if found is None:
        return None
    whole, fraction, zone = found.groups()
    seconds = datetime.fromisoformat(whole + ("+00:00" if zone == "Z" else zone)).timestamp()
    return int(seconds) * 1_000_000 + int((fraction or "0").ljust(9, "0")[:6])


def moment(micros: int) -> datetime:
    """The time that so many microseconds after 1970 is."""
    seconds, rest = divmod(micros, 1_000_000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest)


def written(at: datetime) -> str:
    """As the API server reads it, to the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
