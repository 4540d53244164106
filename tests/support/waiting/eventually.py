"""Waiting for what will become true, instead of sleeping until it probably is."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, overload

T = TypeVar("T")


@overload
async def eventually(condition: Callable[[], Awaitable[T]], *, within: float = ..., every: float = ...) -> T: ...


@overload
async def eventually(condition: Callable[[], T], *, within: float = ..., every: float = ...) -> T: ...


async def eventually(condition: Callable[[], Any], *, within: float = 60.0, every: float = 0.02) -> Any:
    """What `condition` gives, once it is true and fails no assertion; fails after `within` s."""
    deadline = time.monotonic() + within
    while True:
        failure: AssertionError | None = None
        found: Any = None
        try:
            found = condition()
            if inspect.isawaitable(found):
                found = await found
        except AssertionError as error:
            found, failure = None, error  # a coroutine that failed is no answer
        if found:
            return found
        if time.monotonic() > deadline:
            raise failure or AssertionError(f"not so within {within} s: last seen {found!r}")
        await asyncio.sleep(every)
