"""`/changes`: what changed on the platform, as server-sent events, for those who show it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request
from starlette.responses import StreamingResponse

from controller.api.dependencies import ApiDependencies, CurrentPrincipal, Dependencies
from controller.api.observability.stream_access import AccessRecheck, ended_event, refusal_of
from controller.domain.access.roles import Principal
from controller.domain.changes import Change
from shared.errors import PenstockError
from shared.http import request_id_of

router = APIRouter(tags=["observability"])

COMMENT_INTERVAL_S = 15.0

EventId = Annotated[
    str | None,
    Query(max_length=32, description="The last `id` that was read; the header `Last-Event-ID` says the same."),
]
EventIdHeader = Annotated[str | None, Header(alias="last-event-id", max_length=32, include_in_schema=False)]
_SERVER_SENT_EVENT = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "description": "Where to go on from, as `Last-Event-ID`."},
        "event": {"enum": ["hello", "change", "reset", "ended"]},
        "data": {"type": "string", "description": "JSON; of `change`: kind, name, service, revision."},
    },
    "required": ["event", "data"],
}
_STREAMED: dict[int | str, dict[str, Any]] = {200: {"content": {"text/event-stream": {"schema": _SERVER_SENT_EVENT}}}}


@router.get("/changes", response_class=StreamingResponse, responses=_STREAMED)
async def changes(
    request: Request,
    deps: Dependencies,
    principal: CurrentPrincipal,
    last_event_id: EventId = None,
    header: EventIdHeader = None,
) -> StreamingResponse:
    """What changes of what the caller may see, from now on or since the last event that was read, as an event stream.

    First `hello` with the current id; `change` says what is to be read anew (kind, name, service, revision); `reset`
    says that changes may be missing, and everything is to be read anew; `ended` says why nothing more comes.
    """
    reader = ChangeReader(deps, principal, request.state.current_principal, request_id_of(request))
    events = reader.events(header or last_event_id)
    headers = {"cache-control": "no-cache", "x-accel-buffering": "no"}
    return StreamingResponse(events, media_type="text/event-stream", headers=headers)


class ChangeReader:
    """One reader. It keeps no queue: who is slow falls behind what the log keeps, and reads everything anew."""

    def __init__(
        self,
        deps: ApiDependencies,
        principal: Principal,
        current_principal: Callable[[], Awaitable[Principal]],
        request_id: str,
    ) -> None:
        self._deps, self._log, self._clock = deps, deps.changes, deps.clock
        self._principal, self._current_principal, self._request_id = principal, current_principal, request_id
        self._last_id = self._log.last_id
        self._said_at = self._clock.monotonic()
        self._recheck = AccessRecheck(self._log, self._clock)
        self._woken = asyncio.Event()

    async def events(self, last_event_id: str | None) -> AsyncIterator[bytes]:
        """Everything that the reader is told, until one of both ends."""
        stop_listening = self._log.listen(self._woken.set)
        try:
            with self._recheck:
                yield self._hello(last_event_id)
                while not self._deps.stopping.is_set():
                    self._woken.clear()
                    if (refusal := await self._refusal()) is not None:
                        yield ended_event(refusal, self._request_id)
                        return
                    for told in self._news():
                        self._said_at = self._clock.monotonic()
                        yield told
                    await self._wait()
        finally:
            stop_listening()

    def _hello(self, last_event_id: str | None) -> bytes:
        """The first event. Its own id is where the reader is: what it has not read yet is still to come."""
        data = {"id": self._log.last_id}
        if last_event_id is not None:
            self._last_id = int(last_event_id) if last_event_id.isascii() and last_event_id.isdigit() else -1
        known = self._log.since(self._last_id) is not None
        return _event("hello", data, self._last_id if known else self._log.last_id)

    def _news(self) -> list[bytes]:
        """What is to be said now."""
        found = self._log.since(self._last_id)
        if found is None:
            self._last_id = self._log.last_id
            return [_event("reset", {"id": self._last_id}, self._last_id)]
        seen = [_change(number, change) for number, change in found if change.audience.admits(self._principal)]
        self._last_id = found[-1][0] if found else self._last_id
        if not seen and self._clock.monotonic() - self._said_at >= COMMENT_INTERVAL_S:
            return [b": still here\nid: %d\n\n" % self._last_id]
        return seen

    async def _refusal(self) -> PenstockError | None:
        """Why the reader may read no more."""
        return await refusal_of(self._look_again) if self._recheck.is_due(is_over=self._has_ended()) else None

    async def _look_again(self) -> None:
        """Who the reader is now; who may see other things reads everything anew."""
        principal = await self._current_principal()
        if (principal.is_admin, principal.roles) != (self._principal.is_admin, self._principal.roles):
            self._last_id = -1
        self._principal = principal

    def _has_ended(self) -> bool:
        ends_at = self._principal.ends_at
        return ends_at is not None and ends_at <= self._clock.now()

    async def _wait(self) -> None:
        """Until something is new, it is time to look again, or the control plane stops."""
        now = self._clock.monotonic()
        due = min(self._recheck.due_at, self._said_at + COMMENT_INTERVAL_S)
        timeout_s = max(0.05, due - now)
        if (ends_at := self._principal.ends_at) is not None:
            timeout_s = min(timeout_s, max(0.1, (ends_at - self._clock.now()).total_seconds()))
        reasons = (self._woken, self._deps.stopping, self._recheck.changed)
        waits = {asyncio.ensure_future(reason.wait()) for reason in reasons}
        try:
            await asyncio.wait(waits, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()


def _change(number: int, change: Change) -> bytes:
    data = {"kind": change.kind, "name": change.name, "service": change.service, "revision": change.revision}
    return _event("change", data, number)


def _event(name: str, data: dict[str, Any], number: int) -> bytes:
    return f"id: {number}\nevent: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode()
