"""Keeps a cancellation from being swallowed by a library.

Before Python 3.12 `asyncio.wait_for` returns normally where what it waits for is done as the cancellation comes;
nats-py swallows one that comes while it flushes, and takes one for a closed connection. A loop that went on would
never end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def propagate_cancellation() -> Iterator[None]:
    """Raise `CancelledError` at the end of a block that was cancelled and returned, or raised an `Exception`."""
    task = asyncio.current_task()
    before = task.cancelling() if task else 0
    try:
        yield
    except Exception as error:
        if task and task.cancelling() > before:
            raise asyncio.CancelledError from error
        raise
    if task and task.cancelling() > before:
        raise asyncio.CancelledError


async def run_cancellable(work: Coroutine[Any, Any, Any]) -> Any:
    """Await what may lose a cancellation and go on for ever, as a loop of tries does: it is cancelled until it ends."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=0.1)
        if not task.cancelled():
            task.exception()  # whatever it ended with, nobody waits for it any more
        raise
