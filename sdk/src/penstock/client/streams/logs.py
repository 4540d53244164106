"""A followed log over connections that are lost: where the next one begins, and which lines it has told already."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Generic, TypeVar

from penstock.client.errors import error_of
from penstock.client.requests.base import Stream

Answer = TypeVar("Answer")

RECONNECT_OVERLAP = timedelta(seconds=10)
"""A line's time is when it was read from its pod; those of another pod may be read a little earlier and come later."""


class LogPosition(Generic[Answer]):
    """What was told so far. (pod, run, offset) names a line, and one pod's lines come in order."""

    def __init__(self, request: Stream[Answer]) -> None:
        self._request = request
        self._last_offsets: dict[str, tuple[int, int]] = {}
        self._first: datetime | None = None
        self._last: datetime | None = None

    def connected(self, date: str | None) -> None:
        """The server answers; `date`: its header. Without any line yet, the next connection begins there."""
        if self._first is None and date is not None:
            self._first = self._last = parsedate_to_datetime(date).astimezone(UTC)

    def read(self, line: str) -> Any:
        """One more line of the stream; the log line that it holds, else None, as for a count of dropped ones.

        Raises the `ApiError` that the platform ended the stream with.
        """
        found = parse_data(line.removeprefix("data:")) if line.startswith("data:") else None
        return found if found and "text" in found else None

    def is_new(self, line: Any) -> bool:
        """Whether a line was not told yet; it is, from now on."""
        if line.get("offset") is None:  # an older control plane: nothing names the line
            return True
        place = (line["run"], line["offset"])
        if place <= self._last_offsets.get(line["pod"], (-1, -1)):
            return False
        at = datetime.fromisoformat(line["at"])
        if not self._last_offsets:
            self._first = at
        self._last_offsets[line["pod"]], self._last = place, at
        return True

    def next_request(self) -> Stream[Answer]:
        """What the next connection asks for."""
        if self._first is None or self._last is None:
            return self._request
        return self._request.since(max(self._first, self._last - RECONNECT_OVERLAP).isoformat())


def parse_data(text: str) -> Any:
    """The object of an event; None for what is none. Raises the `ApiError` that the platform ended the stream with."""
    try:
        found = json.loads(text)
    except ValueError:
        return None
    if not isinstance(found, dict):
        return None
    if "error_code" in found:
        raise error_of(int(found.get("status", 500)), found, {}, "the stream")
    return found
