"""How a service runs: its loops in one task group, ended by SIGTERM; a loop that ends by itself ends the process."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pydantic import ValidationError

from shared.errors import PenstockError

log = logging.getLogger("penstock.app")

STOP_WITHIN_S = 8.0
DRAIN_TIMEOUT_S = 10.0


def lower_priority(niceness: int) -> None:
    """At least so nice; whoever started the process may have made it so already, and twice 10 would be nearly never."""
    os.nice(max(0, niceness - os.nice(0)))


async def run_app(
    loops: Mapping[str, Coroutine[Any, Any, None]],
    *,
    drain: Coroutine[Any, Any, None] | None = None,
    drain_timeout_s: float = DRAIN_TIMEOUT_S,
) -> int:
    """Run `loops` (name → coroutine) until SIGTERM or SIGINT, then `drain`; returns the exit status.

    0 after a signal, 1 when a loop ended or raised: whoever started the process starts it again.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    tasks = {asyncio.create_task(work, name=name) for name, work in loops.items()}
    waiter = asyncio.create_task(stop.wait(), name="signal")
    done, _ = await asyncio.wait({*tasks, waiter}, return_when=asyncio.FIRST_COMPLETED)
    status = 0 if waiter in done else 1
    for task in done - {waiter}:
        _log_task_end(task)
    if drain is not None:
        await _run_with_timeout(drain, drain_timeout_s)
    for task in (*tasks, waiter):
        task.cancel()
    _, unfinished = await asyncio.wait({*tasks, waiter}, timeout=STOP_WITHIN_S)
    if unfinished:
        # The event loop would wait for them for ever; nothing that matters may hang on a clean end.
        log.error("ended without %s, which did not stop", ", ".join(sorted(task.get_name() for task in unfinished)))
        logging.shutdown()
        os._exit(status)
    return status


def _log_task_end(task: asyncio.Task[Any]) -> None:
    """One line for what is known, a trace for what is not."""
    error = None if task.cancelled() else task.exception()
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    if isinstance(error, PenstockError):
        log.error("loop %s ended: %s", task.get_name(), error.message)
    else:
        log.error("loop %s ended unexpectedly", task.get_name(), exc_info=error)


async def _run_with_timeout(work: Coroutine[Any, Any, None], seconds: float) -> None:
    try:
        await asyncio.wait_for(work, seconds)
    except TimeoutError:
        log.warning("draining took longer than %s s; going on without it", seconds)


@contextmanager
def exit_on_startup_error(service: str) -> Iterator[None]:
    """An error that an operator can fix (a setting, a busy port, an unusable database) exits with one line."""
    try:
        yield
    except PenstockError as error:
        sys.exit(f"{service}: {error.message}")
    except OSError as error:
        if error.filename is None:
            raise
        sys.exit(f"{service}: {error.filename}: {error.strerror}")
    except ValidationError as error:
        reasons = (f"{e['loc'][0] if e['loc'] else 'settings'}: {e['msg']}" for e in error.errors(include_input=False))
        sys.exit(f"{service}: {'; '.join(reasons)}")
