"""Threads for reading tables while rules are evaluated: each call has its own; one that hangs holds up no other.

The event loop's own threads are few, and everything else of the monitor shares them. These are daemons: a read that
never ends does not keep the process from ending.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from threading import Thread
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


@dataclass
class TableThreads:
    """The threads of one project's rules."""

    _calls: set[Future[Any]] = field(default_factory=set)

    @property
    def is_hanging(self) -> bool:
        """Whether one of them still works; asked when nobody waits for it any more."""
        self._calls = {call for call in self._calls if not call.done()}
        return bool(self._calls)

    @contextmanager
    def used(self) -> Iterator[None]:
        """Calls of `in_thread` from here are made in threads of these."""
        token = _USED.set(self)
        try:
            yield
        finally:
            _USED.reset(token)

    async def run(self, work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        """As `asyncio.to_thread`; who is cancelled leaves the thread behind."""
        done: Future[T] = Future()
        done.set_running_or_notify_cancel()

        def call() -> None:
            try:
                done.set_result(work(*arguments, **named))
            except BaseException as error:  # noqa: BLE001 - whatever it is, the caller gets it
                done.set_exception(error)

        self._calls = {each for each in self._calls if not each.done()} | {done}
        Thread(target=call, name="rule", daemon=True).start()
        return await asyncio.wrap_future(done)


_USED: ContextVar[TableThreads | None] = ContextVar("table threads", default=None)


async def in_thread(work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
    """In a thread of the project whose rule is evaluated; for all others as `asyncio.to_thread`."""
    threads = _USED.get()
    if threads is None:
        return await asyncio.to_thread(work, *arguments, **named)
    return await threads.run(work, *arguments, **named)
