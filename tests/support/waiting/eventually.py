"""Waiting for what will become true, instead of sleeping until it probably is.

Who waits long asks less often, and what takes long to ask is asked less often: waiting costs little of a processor.
"""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, overload

T = TypeVar("T")

USUAL_STEP_S, LONGEST_STEP_S = 0.02, 0.1
LONGEST_REST_S = 0.5


def step(every: float, waited_s: float, asked_s: float) -> float:
    """Seconds to wait before asking again; who wants to know more quickly than usual is told as quickly as ever."""
    if every < USUAL_STEP_S:
        return every
    return max(every, min(waited_s / 50, LONGEST_STEP_S), min(2 * asked_s, LONGEST_REST_S))


@overload
async def eventually(condition: Callable[[], Awaitable[T]], *, within: float = ..., every: float = ...) -> T: ...


@overload
async def eventually(condition: Callable[[], T], *, within: float = ..., every: float = ...) -> T: ...


async def eventually(condition: Callable[[], Any], *, within: float = 60.0, every: float = USUAL_STEP_S) -> Any:
    """What `condition` gives, once it is true and fails no assertion; fails after `within` s."""
    began = time.monotonic()
    while True:
        failure: AssertionError | None = None
        cpu_before_s = time.thread_time()
        found: Any = None
        try:
            found = condition()
            if inspect.isawaitable(found):
                found = await found
        except AssertionError as error:
            found, failure = None, error  # a coroutine that failed is no answer
        if found:
            return found
        waited_s = time.monotonic() - began
        if waited_s > within:
            raise failure or AssertionError(f"not so within {within} s: last seen {found!r}")
        await asyncio.sleep(step(every, waited_s, time.thread_time() - cpu_before_s))
