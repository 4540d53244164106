"""Streams without an end of their own: when their readers are authorized again, and what ends them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

from controller.domain.changes import ChangeLog
from shared.clock import Clock
from shared.errors import Forbidden, NotFound, PenstockError, Unauthenticated
from shared.http import error_body, status_of

RECHECK_INTERVAL_S = 5.0
"""How often a reader is authorized again though nothing was heard that could concern them."""


class AccessRecheck:
    """When a reader is to be authorized again: once what somebody may see has changed, and every few seconds."""

    def __init__(self, changes: ChangeLog, clock: Clock) -> None:
        self._changes, self._clock = changes, clock
        self._checked_at = clock.monotonic()
        self.changed = asyncio.Event()

    def __enter__(self) -> Self:
        self._stop_listening = self._changes.listen_to_access(self.changed.set)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop_listening()

    @property
    def due_at(self) -> float:
        """Monotonic time at which it is due though nothing changes."""
        return self._checked_at + RECHECK_INTERVAL_S

    def is_due(self, *, is_over: bool = False) -> bool:
        """Whether it is now, or `is_over`, what lets the reader in; the next one is due from now on."""
        now = self._clock.monotonic()
        if not self.changed.is_set() and not is_over and now < self.due_at:
            return False
        self.changed.clear()
        self._checked_at = now
        return True


async def refusal_of(must_be_allowed: Callable[[], Awaitable[None]]) -> PenstockError | None:
    """What `must_be_allowed` raises, where it ends a stream."""
    try:
        await must_be_allowed()
    except (Unauthenticated, Forbidden, NotFound) as refusal:
        return refusal
    except PenstockError:  # that it cannot be found out now ends nothing
        return None
    return None


def ended_event(refusal: PenstockError, request_id: str) -> bytes:
    """The last event of a stream: why nothing more comes."""
    why = {"status": status_of(refusal), **error_body(refusal.code, refusal.message, request_id)}
    return f"event: ended\ndata: {json.dumps(why)}\n\n".encode()
