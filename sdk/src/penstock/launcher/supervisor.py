"""Keeps the processes of one platform alive: starts all at once, restarts what dies, ends all when told to.

Level-triggered like the services: each child has one loop that starts it, waits for its end and starts it again; a
second loop asks each whether it serves. Owns `run/state.json`. Promises that a process which dies is started again
after 0.2 s to 5 s, for ever; one that hangs, and a bus that refuses to store, are restarted as `health` decides. What
it did stands in `run/incidents.jsonl`. Refuses nothing: what cannot start stays visible as `restarting`, its reason in
its log.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict

from penstock.launcher.bus.health import BusHealth
from penstock.launcher.home import Home
from penstock.launcher.process import CrashBackoff, ProcessSpec, SupervisedProcess, signal_group, trim
from penstock.launcher.state import ProcessView, RunState
from penstock.launcher.watch.disk import disk_problem, has_room
from penstock.launcher.watch.incidents import Incidents
from penstock.launcher.watch.readiness import Reply, send_probe
from penstock.launcher.watch.restarts import HUNG_AFTER_S, STUCK_AFTER_S, RestartBackoff, do_others_answer

STARTING_PROBE_INTERVAL_S = 0.1
RUNNING_PROBE_INTERVAL_S = 1.0
TRIM_INTERVAL_S = 30.0
CHECK_INTERVAL_S = 5.0


class Supervisor:
    """The processes of one platform, for as long as `run` runs."""

    def __init__(
        self,
        home: Home,
        specs: Sequence[ProcessSpec],
        *,
        scheduler_admin: str = "",
        bus: BusHealth | None = None,
        hung_after_s: float = HUNG_AFTER_S,
        stuck_after_s: float = STUCK_AFTER_S,
        check_interval_s: float = CHECK_INTERVAL_S,
    ) -> None:
        """`bus`: health of the NATS server. `check_interval_s`: seconds between two checks of disk and bus."""
        self.home = home
        self.incidents = Incidents(home.run / "incidents.jsonl")
        self._bus, self._stuck_after_s, self._check_interval_s = bus, stuck_after_s, check_interval_s
        self._restart_backoffs = {spec.name: RestartBackoff(hung_after_s) for spec in specs}
        self._problems: dict[str, str] = {}
        self._is_unsaved = False
        self.children = [SupervisedProcess(spec, home.logs / f"{spec.name}.log") for spec in specs]
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
                    group.create_task(self._run_process(child), name=f"keep {child.spec.name}")
                    group.create_task(self._run_probes(child), name=f"probe {child.spec.name}")
                group.create_task(self._run_log_trimming(), name="trim logs")
                group.create_task(self._run_disk_checks(), name="disk")
                if self._bus is not None:
                    group.create_task(self._run_bus_checks(self._bus), name="bus")
                group.create_task(self._run_shutdown(before_last), name="end")
        finally:
            self._save()
            loop.remove_signal_handler(signal.SIGCHLD)

    def _reap(self) -> None:
        for child in self.children:
            child.reap()

    async def _run_process(self, child: SupervisedProcess) -> None:
        """Start it, wait for its end, start it again."""
        back_off = CrashBackoff()
        while not self._stopping.is_set():
            await self._wait_while_held(child)
            if self._stopping.is_set():
                return
            started = time.monotonic()
            child.start()
            self._save()
            await child.wait_for_exit()
            if self._stopping.is_set():
                return
            child.state = "restarting"
            child.restarts += 1
            self._save()
            await self._pause(back_off.after(started))

    async def _wait_while_held(self, child: SupervisedProcess) -> None:
        """A process whose name lies in `run/hold/` stays down until the file is taken away (maintenance, drills)."""
        hold = self.home.run / "hold" / child.spec.name
        while hold.exists() and not self._stopping.is_set():
            child.state = "held"
            self._save()
            await self._pause(0.2)

    async def _run_probes(self, child: SupervisedProcess) -> None:
        """Ask whether it serves, often while it starts; one that stops to answer is `unready`."""
        while not self._stopping.is_set():
            if (pid := child.pid) is not None:
                reply = await send_probe(child.spec.probe) if child.spec.probe else "serving"
                if pid == child.pid:
                    self._apply_reply(child, reply)
            await self._pause(RUNNING_PROBE_INTERVAL_S if child.state == "running" else STARTING_PROBE_INTERVAL_S)

    def _apply_reply(self, child: SupervisedProcess, reply: Reply) -> None:
        serving = reply == "serving"
        child.was_ready = child.was_ready or serving
        before = child.state
        child.state = "running" if serving else "unready" if child.was_ready else "starting"
        if reply != "silent":
            child.answered_at = time.monotonic()
        elif self._is_hung(child):
            self._restart(child, f"did not answer for {time.monotonic() - child.answered_at:.0f} s", signal.SIGKILL)
        if child.state != before:
            self._save()

    def _is_hung(self, child: SupervisedProcess) -> bool:
        now = time.monotonic()
        others = [one.answered_at for one in self.children if one is not child and one.spec.probe and one.pid]
        backoff = self._restart_backoffs[child.spec.name]
        return child.was_ready and backoff.is_due(child.answered_at, now) and do_others_answer(others, now)

    def _restart(self, child: SupervisedProcess, why: str, how: signal.Signals) -> None:
        """Signal it; `_run_process` starts it again."""
        assert child.pid is not None
        self._restart_backoffs[child.spec.name].record_restart(time.monotonic())
        child.answered_at = time.monotonic()
        child.note = self.incidents.note(child.spec.name, f"{why}; restarted")
        signal_group(child.pid, how)

    async def _run_disk_checks(self) -> None:
        while not self._stopping.is_set():
            self._set_problem("disk", await asyncio.to_thread(disk_problem, self.home.run))
            if self._is_unsaved:
                self._save()
            await self._pause(self._check_interval_s)

    async def _run_bus_checks(self, bus: BusHealth) -> None:
        """A server that cannot store though the disk has room does not recover by itself."""
        nats = next(child for child in self.children if child.spec.name == "nats")
        backoff, wrong_since = RestartBackoff(self._stuck_after_s), None
        while not self._stopping.is_set():
            problem = await bus.problem() if nats.state == "running" else None
            self._set_problem("nats", problem)
            wrong_since = (wrong_since or time.monotonic()) if problem else None
            if wrong_since and backoff.is_due(wrong_since, time.monotonic()) and has_room(self.home.path):
                backoff.record_restart(time.monotonic())
                wrong_since = None
                self._restart(nats, f"could not store though the disk has room ({problem})", signal.SIGTERM)
            await self._pause(self._check_interval_s)

    def _set_problem(self, name: str, problem: str | None) -> None:
        """Record a problem, or its end, when that changes."""
        if problem == self._problems.get(name):
            return
        if problem:
            self._problems[name] = problem
        else:
            self._problems.pop(name, None)
        self.incidents.note(name, problem or "well again")
        self._save()

    async def _run_log_trimming(self) -> None:
        while not self._stopping.is_set():
            await self._pause(TRIM_INTERVAL_S)
            for child in self.children:
                trim(child.log)
            self._save()  # the file may have been lost meanwhile

    async def _run_shutdown(self, before_last: Callable[[], Awaitable[None]]) -> None:
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
            ProcessView(c.spec.name, c.pid, c.state, c.restarts, c.spec.address, c.spec.admin, c.note)
            for c in self.children
        )
        state = RunState(
            os.getpid(),
            is_ready and not self._problems,
            views,
            self.scheduler_admin,
            asdict(self.home.ports),
            dict(self._problems),
        )
        try:
            state.save(self.home)
        except OSError:  # a full disk must not end what runs; it is written when it can be
            self._is_unsaved = True
        else:
            self._is_unsaved = False
