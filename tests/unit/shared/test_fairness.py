"""Passes over everything let others in."""

from __future__ import annotations

import asyncio

from shared.fairness import in_turns


async def test_others_have_a_turn_after_every_few_items() -> None:
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    running = asyncio.create_task(other())
    seen = [(item, turns) async for item in in_turns(range(7), 3)]
    running.cancel()
    assert [item for item, _ in seen] == list(range(7))
    assert [turn for _, turn in seen] == [0, 0, 0, 1, 1, 1, 2]
