"""Two runners as one: the first starts what is started from now on; what the other has started goes on until its end.

So an installation changes from processes to containers, and back, as its pods are replaced, with no failed request.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence

from scheduler.backends.lifecycle.folders.pod_folder import PodRecord
from scheduler.backends.lifecycle.folders.run_folder import RunFolder
from scheduler.backends.lifecycle.runner import MeasuredRun, PreparedRun, Runner, RunProcess
from scheduler.backends.preparation.port import AddNote
from scheduler.domain.values import MeasuredUsage


class RunnerPair:
    """Implements `Runner`."""

    def __init__(self, first: Runner, other: Runner) -> None:
        self._first = first
        self._other = other
        self._both = (first, other)

    async def open(self) -> None:
        """Both."""
        for each in self._both:
            await each.open()

    async def run(self, pods: Collection[str]) -> None:
        """Both, until cancelled."""
        async with asyncio.TaskGroup() as group:
            for each in self._both:
                group.create_task(each.run(pods), name=type(each).__name__)

    def problem(self) -> str | None:
        """Of the first that has one: what the other has started is to go on, too."""
        return self._first.problem() or self._other.problem()

    def warm(self) -> None:
        """The first."""
        self._first.warm()

    async def prepare(self, record: PodRecord, run: RunFolder, add_note: AddNote) -> PreparedRun:
        """By the first."""
        return await self._first.prepare(record, run, add_note)

    def find(self, run: RunFolder) -> RunProcess | None:
        """Whichever started it."""
        return self._first.find(run) or self._other.find(run)

    async def adopt(self, run: RunFolder) -> RunProcess | None:
        """Whichever started it."""
        return await self._first.adopt(run) or await self._other.adopt(run)

    def clear(self, run: RunFolder) -> None:
        """Both."""
        for each in self._both:
            each.clear(run)

    def remove_stale(self, runs: Collection[str]) -> None:
        """Both."""
        for each in self._both:
            each.remove_stale(runs)

    async def measure(self, running: Sequence[MeasuredRun]) -> list[MeasuredUsage]:
        """Each measures its own."""
        found = await asyncio.gather(*(each.measure(running) for each in self._both))
        return [usage for part in found for usage in part]

    def forget(self, pod: str) -> None:
        """Both."""
        for each in self._both:
            each.forget(pod)
