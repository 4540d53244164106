"""Keeps the processes of one platform alive: starts all at once, restarts what dies, ends all when told to.

Level-triggered like the services: each child has one loop that starts it, waits for its end and starts it again; a
second loop asks each whether it serves. Owns `run/state.json`. Promises that a process which dies is started again
after 0.2 s to 5 s, for ever. Refuses nothing: what cannot start stays visible as `restarting`, its reason in its log.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable, Sequence

from penstock.launcher.home import Home
from penstock.launcher.process import BackOff, Child, ProcessSpec, trim
from penstock.launcher.readiness import is_serving
from penstock.launcher.state import ProcessView, RunState

PROBE_STARTING_S = 0.1
PROBE_RUNNING_S = 1.0
TRIM_EVERY_S = 30.0


class Supervisor:
    """The processes of one platform, for as long as `run` runs."""

    def __init__(self, home: Home, specs: Sequence[ProcessSpec], *, scheduler_admin: str = "") -> None:
        self.home = home
        self.children = [Child(spec, home.logs / f"{spec.name}.log") for spec in specs]
        self.scheduler_admin = scheduler_admin
        self.ready = asyncio.Event()
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Ask `run` to end everything and return."""
        self._stopping.set()

    async def run(self, before_last: Callable[[], Awaitable[None]]) -> None:
        """Until `stop`, SIGTERM or SIGINT. `before_last` runs when all have ended but those marked `ends_last`."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGCHLD, self._reap)
        for sig in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(sig, self.stop)
        try:
            async with asyncio.TaskGroup() as group:
                for child in self.children:
                    group.create_task(self._keep(child), name=f"keep {child.spec.name}")
                    group.create_task(self._probe(child), name=f"probe {child.spec.name}")
                group.create_task(self._trim_logs(), name="trim logs")
                group.create_task(self._end(before_last), name="end")
        finally:
            self._save()
            loop.remove_signal_handler(signal.SIGCHLD)

    def _reap(self) -> None:
        for child in self.children:
            child.reap()

    async def _keep(self, child: Child) -> None:
        """Start it, wait for its end, start it again."""
        back_off = BackOff()
        while not self._stopping.is_set():
            await self._held(child)
            if self._stopping.is_set():
                return
            started = time.monotonic()
            child.start()
            self._save()
            await child.exited()
            if self._stopping.is_set():
                return
            child.state = "restarting"
            child.restarts += 1
            self._save()
            await self._pause(back_off.after(started))

    async def _held(self, child: Child) -> None:
        """A process whose name lies in `run/hold/` stays down until the file is taken away (maintenance, drills)."""
        hold = self.home.run / "hold" / child.spec.name
        while hold.exists() and not self._stopping.is_set():
            child.state = "held"
            self._save()
            await self._pause(0.2)

    async def _probe(self, child: Child) -> None:
        """Ask whether it serves, often while it starts; one that stops to answer is `unready`."""
        while not self._stopping.is_set():
            if (pid := child.pid) is not None:
                serving = child.spec.probe is None or await is_serving(child.spec.probe)
                if pid == child.pid:
                    self._judge(child, serving=serving)
            await self._pause(PROBE_RUNNING_S if child.state == "running" else PROBE_STARTING_S)

    def _judge(self, child: Child, *, serving: bool) -> None:
        child.was_ready = child.was_ready or serving
        before = child.state
        child.state = "running" if serving else "unready" if child.was_ready else "starting"
        if child.state != before:
            self._save()

    async def _trim_logs(self) -> None:
        while not self._stopping.is_set():
            await self._pause(TRIM_EVERY_S)
            for child in self.children:
                trim(child.log)

    async def _end(self, before_last: Callable[[], Awaitable[None]]) -> None:
        """Services first, then what `before_last` ends (pods), then the bus that they spoke over."""
        await self._stopping.wait()
        await asyncio.gather(*(child.stop() for child in self.children if not child.spec.ends_last))
        await before_last()
        await asyncio.gather(*(child.stop() for child in self.children if child.spec.ends_last))

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return

    def _save(self) -> None:
        """Publish what is known, and whether all of it serves."""
        is_ready = all(child.state == "running" for child in self.children)
        self.ready.set() if is_ready else self.ready.clear()
        views = tuple(
            ProcessView(child.spec.name, child.pid, child.state, child.restarts, child.spec.address)
            for child in self.children
        )
        RunState(os.getpid(), is_ready, views, self.scheduler_admin).save(self.home)
