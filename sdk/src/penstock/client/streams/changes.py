"""What changes, over connections that are lost: the last id that was told, and the parts of an event as they come."""

from __future__ import annotations

from typing import Any

from penstock.client.requests.platform import ChangeStream
from penstock.client.streams.logs import parse_data


class ChangePosition:
    """How far a reader of changes is; events are parsed line by line."""

    def __init__(self, request: ChangeStream) -> None:
        self._request = request
        self._last_id = request.params.get("last_event_id")
        self._event, self._data = "", None

    def connected(self, date: str | None) -> None:
        """The server answers; nothing is known of the events yet."""
        self._event, self._data = "", None

    def read(self, line: str) -> Any:
        """One more line; the change that it completes, else None. Raises what the platform ended the stream with."""
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "id":
            self._last_id = value
        elif field == "event":
            self._event = value
        elif field == "data":
            self._data = parse_data(value)
        elif not line:
            return self._completed()
        return None

    def is_new(self, change: Any) -> bool:
        """Whether it was not told yet: the server sends each once."""
        return True

    def next_request(self) -> ChangeStream:
        """What the next connection asks for."""
        return self._request if self._last_id is None else self._request.after(self._last_id)

    def _completed(self) -> Any:
        event, data = self._event, self._data
        self._event, self._data = "", None
        if event == "change" and data is not None:
            return {**data, "id": self._last_id}
        if event == "reset":
            return {"kind": "reset", "name": "", "service": None, "revision": None, "id": self._last_id}
        return None
