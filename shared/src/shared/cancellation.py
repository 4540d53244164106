"""A cancellation is never lost, whatever a library makes of it.

Before Python 3.12 `asyncio.wait_for` returns normally where what it waits for is done as the cancellation comes;
nats-py swallows one that comes while it flushes, and takes one for a closed connection. A loop that went on would
never end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def heeding_cancellation() -> Iterator[None]:
    """Raise at the end the cancellation that came in between, if the block did not: it returned, or raised an error."""
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
