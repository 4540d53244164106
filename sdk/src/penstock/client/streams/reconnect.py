"""Streams that are lost are looked for again: only what had begun, and for a while."""

from __future__ import annotations

import time
from typing import Any

from penstock.client.errors import PenstockError, Unreachable, is_transient
from penstock.client.requests.base import Stream
from penstock.client.requests.platform import ChangeStream
from penstock.client.streams.changes import ChangePosition
from penstock.client.streams.logs import LogPosition

RECONNECT_FOR_S = 60.0
"""A control plane that was followed and does not come back for so long has gone."""
RECONNECT_DELAY_S = 0.5

Position = LogPosition[Any] | ChangePosition
"""How far a stream was read, over its connections."""


def position_of(request: Stream[Any]) -> Position:
    """The beginning of a stream."""
    return ChangePosition(request) if isinstance(request, ChangeStream) else LogPosition(request)


class ReconnectPolicy:
    """Whether a stream that has broken off is to be looked for again: only what had begun, and for a while."""

    def __init__(self, ended: str) -> None:
        self._error: PenstockError = Unreachable(ended)
        self._since: float | None = None
        self._was_connected = False

    def on_connected(self) -> None:
        """The stream is there."""
        self._was_connected, self._since = True, None

    def on_error(self, error: PenstockError) -> None:
        """Remember what broke it; raises `error` where another try cannot help."""
        if not self._was_connected or not is_transient(error):
            raise error
        self._error = error

    def next_delay_s(self) -> float:
        """Seconds until the next try; raises what broke it once that has lasted too long."""
        now = time.monotonic()
        self._since = self._since if self._since is not None else now
        if now - self._since > RECONNECT_FOR_S:
            raise self._error
        return RECONNECT_DELAY_S
