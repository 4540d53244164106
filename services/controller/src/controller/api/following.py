"""Live logs: a bridge from the bus to server-sent events, which ends with its caller or with the service."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import nats.errors
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from pydantic import ValidationError

from controller.api.door import Door
from shared.contracts.rpc import LogEntry
from shared.contracts.samples import PodOutput
from shared.errors import Unavailable

PING_EVERY_S = 15.0
"""Comments in a silent stream, so that proxies and callers see that it lives."""
CONFIRMED_WITHIN_S = 5
_BEHIND_AT_MOST = 1000
"""Messages that may wait for a slow reader; then the oldest are dropped, and the stream says so."""


async def follow_logs(
    door: Door, service: str, version: str | None, pod: str | None, search: str | None
) -> AsyncIterator[bytes]:
    """Lines printed from now on, as server-sent events; `Unavailable` while the bus is away."""
    if not door.bus.is_connected:
        raise Unavailable("The bus is away: logs cannot be followed now")
    waiting: asyncio.Queue[Msg] = asyncio.Queue(_BEHIND_AT_MOST)
    dropped: list[int] = [0]

    async def take(message: Msg) -> None:
        if waiting.full():
            waiting.get_nowait()
            dropped[0] += 1
        waiting.put_nowait(message)

    subject = f"penstock.logs.v1.{service}.{version or '*'}.{pod or '*'}"
    subscription = await door.bus.nc.subscribe(subject, cb=take)
    try:
        await door.bus.nc.flush(CONFIRMED_WITHIN_S)  # whatever is printed once we say that we follow is heard
    except (nats.errors.Error, TimeoutError) as away:
        await _unsubscribe(subscription)
        raise Unavailable("The bus does not answer: logs cannot be followed now") from away
    return _events(door, subscription, waiting, dropped, search)


async def _events(
    door: Door, subscription: Subscription, waiting: asyncio.Queue[Msg], dropped: list[int], search: str | None
) -> AsyncIterator[bytes]:
    try:
        yield b": following\n\n"
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
    finally:
        await _unsubscribe(subscription)


async def _next(waiting: asyncio.Queue[Msg], stopping: asyncio.Event) -> Msg | None:
    """The next message, or None when it is time for a comment or for the end."""
    get, stop = asyncio.ensure_future(waiting.get()), asyncio.ensure_future(stopping.wait())
    try:
        done, _ = await asyncio.wait({get, stop}, timeout=PING_EVERY_S, return_when=asyncio.FIRST_COMPLETED)
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
