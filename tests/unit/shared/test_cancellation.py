"""A cancellation that a library swallows ends its caller all the same."""

from __future__ import annotations

import asyncio

import pytest

from shared.cancellation import run_cancellable


async def test_a_loop_that_swallows_a_cancellation_is_cancelled_until_it_ends() -> None:
    swallowed = 0

    async def tries_for_ever() -> None:
        nonlocal swallowed
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                swallowed += 1
                if swallowed > 2:
                    raise

    task = asyncio.create_task(run_cancellable(tries_for_ever()))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 20)
    assert swallowed == 3


async def test_what_it_gives_or_raises_comes_through() -> None:
    async def gives(value: int) -> int:
        return 1 // value

    assert await run_cancellable(gives(1)) == 1
    with pytest.raises(ZeroDivisionError):
        await run_cancellable(gives(0))
