"""Attends the container of one run, as a shim attends a process: copies what it prints, writes down how it ended.

The end is the container's own (exit code, signal, out of memory, time), and is written only once all that was printed
has been copied. Then the container is removed: its run's folder has all of it.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import Any

from scheduler.backends.docker.engine.client import Engine
from scheduler.backends.docker.engine.errors import EngineError, EngineRefused
from scheduler.backends.docker.engine.log_frames import BrokenFrames, LogFrame, LogTime, read_frames
from scheduler.backends.docker.runs.container_state import ContainerEnd, end_of
from scheduler.backends.docker.runs.inventory import ContainerInventory
from scheduler.backends.docker.runs.output_copy import OutputCopy
from scheduler.backends.lifecycle.folders.json_files import write_json
from scheduler.backends.lifecycle.folders.run_folder import RunFolder
from scheduler.backends.lifecycle.options import LifecycleOptions
from scheduler.domain.output_sampling import OutputBudget
from shared.clock import Clock

log = logging.getLogger("penstock.scheduler.docker")

RETRY_S = 1.0
REOPEN_S = 0.2
"""Between two openings of the log of a container that runs: the engine ends a stream at a rotation, for example."""
TOUCH_S = 5.0
SAVE_S = 0.5
END_S = 10.0
"""How long after a container's end its output may take to come."""
COPIED = 2.0
"""Times the lines that are sent on: of a flood enough is copied for the lines at even distances, and that it is one."""
LINE_BYTES = 4096
"""What a longer line has beyond this counts as lines."""
PACE_S = 0.05
LAST_LINES = 1_000
"""Of one that has ended and printed more than was copied by then: what it printed last says why."""


class Attendant:
    """One container of one run."""

    def __init__(
        self, run: RunFolder, identity: str, inventory: ContainerInventory, clock: Clock, options: LifecycleOptions
    ) -> None:
        self.run_folder = run
        self.identity = identity
        self._inventory = inventory
        self._clock = clock
        self._cap = options.output_cap
        self._budget = OutputBudget.full(COPIED * options.output_rate, clock.monotonic())
        self._is_behind = False
        """Whether it has ended with much that was not copied."""
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Attend it from now on."""
        self._task = asyncio.create_task(self._attend(), name=f"attendant of {self.identity[:12]}")

    @property
    def is_at_work(self) -> bool:
        """Whether it will still write down how the container ends."""
        return self._task is not None and not self._task.done()

    async def stop(self) -> None:
        """Leave the container as it is; the next scheduler goes on."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def _attend(self) -> None:
        touching = asyncio.create_task(self._touch(), name=f"touch {self.identity[:12]}")
        try:
            while not await self._is_over():
                await self._clock.sleep(REOPEN_S)
        finally:
            touching.cancel()

    async def _touch(self) -> None:
        """The run's lock says when its container was last known to be alive."""
        while True:
            seen = self._inventory.get(self.identity)
            if seen is not None and seen.is_alive:
                with suppress(OSError):
                    (self.run_folder.path / "lock").touch()
            await self._clock.sleep(TOUCH_S)

    async def _is_over(self) -> bool:
        """Follow its output until the engine ends it; whether the container is over, and that is written down."""
        try:
            await self._copy_output(follow=True)
            return await self._record_end()
        except (EngineError, OSError) as error:
            log.info("container %s is attended again in %s s: %s", self.identity[:12], RETRY_S, error)
            await self._clock.sleep(RETRY_S)
            return False

    async def _record_end(self) -> bool:
        """Write down how it ended; False while it runs. One that somebody removed is over, and nobody will say how."""
        found = await self._inventory.inspect(self.identity)
        if found is None:
            return True
        end = end_of(found.get("State") or {}, self._clock.now().timestamp())
        if end is None:
            return False
        with suppress(TimeoutError):
            async with asyncio.timeout(END_S):
                await self._copy_output(follow=False)
        self._write_end(end)
        await self._inventory.remove(self.identity)
        return True

    def _write_end(self, end: ContainerEnd) -> None:
        write_json(str(self.run_folder.path / "exit.json"), end.as_json())

    # ── output ───────────────────────────────────────────────────────────────────────────────────────────────────

    async def _copy_output(self, *, follow: bool) -> None:
        """Copy what is new; an output that cannot be read holds up nothing else."""
        try:
            await self._copy(follow=follow)
        except (BrokenFrames, EngineRefused) as error:
            log.warning("the output of container %s cannot be read: %s", self.identity[:12], error)
            await self._clock.sleep(RETRY_S)

    async def _copy(self, *, follow: bool) -> None:
        """Copy what is new until the engine has no more (or, following, until the container has ended)."""
        self._is_behind = self._is_behind and not follow
        with OutputCopy(self.run_folder, self._cap) as copy:
            since = None if copy.since == LogTime() else str(copy.since)
            query: dict[str, Any] = {"stdout": True, "stderr": True, "timestamps": True, "since": since}
            if self._is_behind and not follow:
                query["tail"] = LAST_LINES
                copy.leave_out()
            async with self._engine.stream(
                "GET", f"/containers/{self.identity}/logs", follow=follow, **query
            ) as answer:
                saving = asyncio.create_task(self._save(copy))
                try:
                    async for frame in read_frames(answer.aiter_raw()):
                        copy.add(frame)
                        if follow and not await self._keeps_pace(frame):
                            break
                finally:
                    saving.cancel()

    async def _keeps_pace(self, frame: LogFrame) -> bool:
        """Wait where a container prints more than is wanted of it: copying that would leave no time for other pods.

        Meanwhile its output waits in the engine's log. False: it has ended, and is not waited for.
        """
        lines = 1 + len(frame.content) // LINE_BYTES
        while lines := lines - self._budget.take(lines, self._clock.monotonic()):
            seen = self._inventory.get(self.identity)
            self._is_behind = seen is None or not seen.is_alive
            if self._is_behind:
                return False
            await self._clock.sleep(PACE_S)
        return True

    async def _save(self, copy: OutputCopy) -> None:
        while True:
            await self._clock.sleep(SAVE_S)
            if not copy.is_saved:
                copy.save()

    @property
    def _engine(self) -> Engine:
        return self._inventory.engine
