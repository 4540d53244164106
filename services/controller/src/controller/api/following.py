"""Live logs: a bridge from the bus to server-sent events.

It ends with its caller, with the service, and once the caller may no longer read them: a token that was revoked or has
ended, a role that was taken away, a service that is gone.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import nats.errors
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from pydantic import ValidationError

from controller.api.door import Door
from shared.contracts.rpc import LogEntry
from shared.contracts.samples import PodOutput
from shared.errors import Forbidden, NotFound, PenstockError, Unauthenticated, Unavailable
from shared.http import error_body, status_of

LOOK_EVERY_S = 5.0
"""How long a caller who may no longer read goes on reading; and a silent stream says as often that it lives."""
CONFIRMED_WITHIN_S = 5
_BEHIND_AT_MOST = 1000
"""Messages that may wait for a slow reader; then the oldest are dropped, and the stream says so."""


@dataclass(frozen=True)
class Wanted:
    """Which lines."""

    service: str
    version: str | None = None
    pod: str | None = None
    search: str | None = None


async def follow_logs(
    door: Door, wanted: Wanted, must_be_allowed: Callable[[], Awaitable[None]], request_id: str
) -> AsyncIterator[bytes]:
    """Lines printed from now on, as server-sent events; `Unavailable` while the bus is away.

    What `must_be_allowed` raises ends the stream, as its last event, `ended`.
    """
    if not door.bus.is_connected:
        raise Unavailable("The bus is away: logs cannot be followed now")
    waiting: asyncio.Queue[Msg] = asyncio.Queue(_BEHIND_AT_MOST)
    dropped: list[int] = [0]

    async def take(message: Msg) -> None:
        if waiting.full():
            waiting.get_nowait()
            dropped[0] += 1
        waiting.put_nowait(message)

    subject = f"penstock.logs.v1.{wanted.service}.{wanted.version or '*'}.{wanted.pod or '*'}"
    subscription = await door.bus.nc.subscribe(subject, cb=take)
    try:
        await door.bus.nc.flush(CONFIRMED_WITHIN_S)  # whatever is printed once we say that we follow is heard
    except (nats.errors.Error, TimeoutError) as away:
        await _unsubscribe(subscription)
        raise Unavailable("The bus does not answer: logs cannot be followed now") from away
    lines = _lines(door, waiting, dropped, wanted.search)
    return _events(door, subscription, lines, must_be_allowed, request_id)


async def _events(
    door: Door,
    subscription: Subscription,
    lines: AsyncGenerator[bytes],
    must_be_allowed: Callable[[], Awaitable[None]],
    request_id: str,
) -> AsyncIterator[bytes]:
    looked_at = door.clock.monotonic()
    try:
        yield b": following\n\n"
        async for line in lines:
            if door.clock.monotonic() - looked_at >= LOOK_EVERY_S:
                if (refusal := await _refusal(must_be_allowed)) is not None:
                    yield _ended(refusal, request_id)
                    break
                looked_at = door.clock.monotonic()
            yield line
    finally:
        await lines.aclose()
        await _unsubscribe(subscription)


async def _lines(
    door: Door, waiting: asyncio.Queue[Msg], dropped: list[int], search: str | None
) -> AsyncGenerator[bytes]:
    while not door.stopping.is_set():
        message = await _next(waiting, door.stopping)
        if message is None:
            yield b": still here\n\n"
            continue
        if dropped[0]:
            yield b'event: dropped\ndata: {"messages": %d}\n\n' % dropped[0]
            dropped[0] = 0
        for entry in _entries(message.data, search):
            yield f"data: {entry.model_dump_json()}\n\n".encode()


async def _refusal(must_be_allowed: Callable[[], Awaitable[None]]) -> PenstockError | None:
    try:
        await must_be_allowed()
    except (Unauthenticated, Forbidden, NotFound) as refusal:
        return refusal
    except PenstockError:  # that it cannot be found out now ends nothing
        return None
    return None


def _ended(refusal: PenstockError, request_id: str) -> bytes:
    why = {"status": status_of(refusal), **error_body(refusal.code, refusal.message, request_id)}
    return f"event: ended\ndata: {json.dumps(why)}\n\n".encode()


async def _next(waiting: asyncio.Queue[Msg], stopping: asyncio.Event) -> Msg | None:
    """The next message, or None when it is time for a comment or for the end."""
    get, stop = asyncio.ensure_future(waiting.get()), asyncio.ensure_future(stopping.wait())
    try:
        done, _ = await asyncio.wait({get, stop}, timeout=LOOK_EVERY_S, return_when=asyncio.FIRST_COMPLETED)
        return get.result() if get in done else None
    finally:
        get.cancel()
        stop.cancel()


async def _unsubscribe(subscription: Subscription) -> None:
    with contextlib.suppress(nats.errors.Error):  # the connection may be gone, and with it the subscription
        await subscription.unsubscribe()


def _entries(data: bytes, search: str | None) -> list[LogEntry]:
    try:
        output = PodOutput.model_validate_json(data)
    except ValidationError:
        return []
    return [
        LogEntry(
            at=line.at,
            version=output.version,
            pod=output.pod,
            run=output.run,
            text=line.text,
            request_id=line.request_id,
        )
        for line in output.lines
        if search is None or search.lower() in line.text.lower()
    ]
