"""Passes over everything that a service holds: what else waits for its event loop comes in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import TypeVar

T = TypeVar("T")

AT_ONCE = 20
"""Items between two looks at the event loop: of what takes 0.1 ms each, a request waits 2 ms and not for the pass."""


async def in_turns(items: Iterable[T], at_once: int = AT_ONCE) -> AsyncIterator[T]:
    """`items` in their order; after each `at_once` of them everything that waits for the event loop has a turn."""
    for number, item in enumerate(items, start=1):
        yield item
        if number % at_once == 0:
            await asyncio.sleep(0)
