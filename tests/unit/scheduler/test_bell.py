"""The bell that wakes a loop early."""

from __future__ import annotations

import asyncio

from scheduler.loops import Bell


async def test_a_loop_that_is_cancelled_as_the_bell_rings_ends() -> None:
    bell, turns = Bell(), 0

    async def loop() -> None:
        nonlocal turns
        while True:
            await bell.wait(0.1)
            turns += 1

    task = asyncio.create_task(loop())
    await asyncio.sleep(0.01)
    bell.ring()
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task], timeout=5)
    assert task.cancelled(), f"it has turned {turns} times since"


async def test_it_wakes_at_once_or_in_time() -> None:
    bell = Bell()
    await asyncio.wait_for(bell.wait(0.01), 30)
    bell.ring()
    await asyncio.wait_for(bell.wait(60), 30)
