"""Keeps a cancellation from being swallowed by a library.

Before Python 3.12 `asyncio.wait_for` returns normally where what it waits for is done as the cancellation comes;
nats-py swallows one that comes while it flushes, and takes one for a closed connection. A loop that went on would
never end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


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
