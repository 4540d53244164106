"""The wake-up of a loop before its interval is over."""

from __future__ import annotations

import asyncio

from scheduler.loops.wakeup import Wakeup


async def test_a_loop_that_is_cancelled_as_it_is_woken_ends() -> None:
    wakeup, turns = Wakeup(), 0

    async def loop() -> None:
        nonlocal turns
        while True:
            await wakeup.wait(0.1)
            turns += 1

    task = asyncio.create_task(loop())
    await asyncio.sleep(0.01)
    wakeup.notify()
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task], timeout=5)
    assert task.cancelled(), f"it has turned {turns} times since"


async def test_it_wakes_at_once_or_in_time() -> None:
    wakeup = Wakeup()
    await asyncio.wait_for(wakeup.wait(0.01), 30)
    wakeup.notify()
    await asyncio.wait_for(wakeup.wait(60), 30)
