"""Observation: everything that the backend reports of its pods becomes rows and events."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from itertools import islice

from scheduler.domain.values import Observation, PodObservation
from scheduler.handlers import observations
from scheduler.loops.dependencies import LoopDependencies
from scheduler.loops.retry import retry_while_unavailable

AT_ONCE = 50
"""Observations of one transaction, where so many wait: a cluster tells of thousands of pods at once, and a transaction
for each was slower than the pods came."""
LONGEST_S = 0.25
"""A transaction takes no further observation after it: whoever else writes waits for it, 5 s at most on SQLite."""


class WaitingObservations:
    """What is to be stored, in order. One that says the same of its pod as the one of it that waits takes its place:
    a scheduler that starts hears of each of thousands of pods again with its intent, and again with its report."""

    def __init__(self) -> None:
        self._waiting: dict[int, Observation] = {}
        self._last: dict[str, int] = {}
        """By pod: the number of the last one that waits."""
        self._number = 0
        self._is_any = asyncio.Event()

    def put(self, observation: Observation) -> None:
        """This was seen."""
        if isinstance(observation, PodObservation):
            number = self._last.get(observation.pod, -1)
            before = self._waiting.get(number)
            if isinstance(before, PodObservation) and _is_said_by(before, observation):
                self._waiting[number] = replace(observation, observed_at=before.observed_at)
                return
            self._last[observation.pod] = self._number
        self._waiting[self._number] = observation
        self._number += 1
        self._is_any.set()

    async def take(self, most: int) -> list[Observation]:
        """The first of them, once there are any."""
        await self._is_any.wait()
        numbers = list(islice(self._waiting, most))
        taken = [self._waiting.pop(number) for number in numbers]
        for number, each in zip(numbers, taken, strict=True):
            if isinstance(each, PodObservation) and self._last[each.pod] == number:
                del self._last[each.pod]
        if not self._waiting:
            self._is_any.clear()
        return taken


def _is_said_by(before: PodObservation, after: PodObservation) -> bool:
    """Whether nothing is lost where the second alone is stored."""
    if before.end or before.note or before.is_gone or before.report not in (None, after.report):
        return False
    same = replace(before, generation=after.generation, observed_at=after.observed_at, report=after.report)
    return replace(same, restarts=after.restarts, last_exit=after.last_exit) == after  # the report's, too


async def run_observation(dependencies: LoopDependencies) -> None:
    """Store what the backend observes, in order, what has come meanwhile in one transaction; until cancelled."""
    waiting = WaitingObservations()
    async with asyncio.TaskGroup() as group:
        group.create_task(_collect(dependencies, waiting), name="observing")
        while True:
            seen = await waiting.take(AT_ONCE)
            while seen:
                store = partial(store_once, dependencies, seen)
                await retry_while_unavailable(store, "recording pods", dependencies.clock)
                dependencies.routes_wakeup.notify()
                dependencies.reconcile_wakeup.notify()


async def store_once(dependencies: LoopDependencies, seen: list[Observation]) -> None:
    """Store the first of these, as many as there is time for; they are taken off once they are stored."""
    stored = 0
    async with dependencies.lease.unit_of_work() as session:
        begun = dependencies.clock.monotonic()
        for observation in seen:
            now = dependencies.steady_clock.now()
            await observations.store_observation(session, observation, dependencies.observer, now)
            stored += 1
            if dependencies.clock.monotonic() - begun > LONGEST_S:
                break
    del seen[:stored]


async def _collect(dependencies: LoopDependencies, waiting: WaitingObservations) -> None:
    async for observation in dependencies.backend.watch():
        waiting.put(observation)
