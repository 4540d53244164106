"""One pod, from its first run to its end.

One task per pod; everything that must survive the scheduler is in the pod's folder, so that a task made anew from the
folder goes on where the last one was. Cancelling the task leaves what runs running.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, TypeVar

from scheduler.backends.errors import PreparationFailed
from scheduler.backends.gpus.allocation import gpus_of
from scheduler.backends.lifecycle.dependencies import PodDependencies
from scheduler.backends.lifecycle.folders.output import tail
from scheduler.backends.lifecycle.folders.pod_folder import PodFolder, PodRecord
from scheduler.backends.lifecycle.folders.run_folder import RunFolder
from scheduler.backends.lifecycle.given_gpus import lacks_gpus
from scheduler.backends.lifecycle.prerequisites import fetch_secrets, prepare_run
from scheduler.backends.lifecycle.run_watch import RunWatch
from scheduler.backends.lifecycle.runner import RunProcess
from scheduler.domain.gpus import gpus_asked_for
from scheduler.domain.restarts import failures_after, restart_delay_s
from scheduler.domain.rollout import PodState
from scheduler.domain.start_timeline import LOADING_MODEL, loading_words
from scheduler.domain.values import (
    CAPACITY,
    REACH_ASKED,
    UNREACHABLE,
    PodNote,
    PodObservation,
    PodStatus,
    RunEnd,
)
from shared.contracts.nodes import Node
from shared.errors import Temporary

Result = TypeVar("Result")

POLL_S = 0.1


class PodEnding(Exception):
    """The pod is to end: whatever it waits for is not wanted any more."""


class PodLifecycle:
    """One pod, from its placement to its end."""

    def __init__(self, folder: PodFolder, dependencies: PodDependencies) -> None:
        self.folder = folder
        self.dependencies = dependencies
        self.status: PodStatus = "Waiting"
        self.reason: str | None = None
        self.watch: RunWatch | None = None
        self.waits_for_gpus: str | None = None
        """For which, in words, where nothing else is missing for its start."""
        self.is_known = not folder.record.is_placed or folder.record.ended_run >= folder.record.run
        """Whether it is known what runs of it: not yet of one that another scheduler may have left running."""
        self.unreached: str | None = None
        """Why routers are not to be told of it though it is ready, in words."""
        self._ready_for_s = 0.0
        self._deaths = 0
        self._requested = asyncio.Event()
        if folder.record.is_terminating or folder.record.restart_asked:
            self._requested.set()

    @property
    def record(self) -> PodRecord:
        """The pod's state on disk."""
        return self.folder.record

    @property
    def process(self) -> RunProcess | None:
        """What runs now."""
        return self.watch.process if self.watch else None

    @property
    def is_ready(self) -> bool:
        """Whether callers may be sent to it."""
        is_healthy = self.watch is not None and self.watch.health.is_ready and self.status == "Running"
        return is_healthy and self.unreached is None

    def state(self) -> PodState:
        """What the roll-out decides on."""
        record = self.record
        age_s = self.dependencies.clock.now().timestamp() - record.created_at
        return PodState(record.name, record.template, self.is_ready, record.is_terminating, age_s)

    # ── requests ───────────────────────────────────────────────────────────────────────────────────────

    def terminate(self, *, is_surplus: bool = False) -> None:
        """End for good, after draining; `is_surplus`: since fewer pods are wanted."""
        if not self.record.is_terminating:
            self.folder.update(is_terminating=True, is_surplus=is_surplus)
        self._requested.set()

    def assign_node(self, node: Node | None, took: str | None = None) -> None:
        """There is room, on a node of its group or (None) in the shared pool: begin. `took`: whose place it is."""
        on = {"node": node.id, "node_name": node.name} if node else {}
        self.folder.update(is_placed=True, took=took, **on)
        self._requested.set()

    def report_no_capacity(self, why: str) -> None:
        """There is no capacity yet; emitted once."""
        if self.reason != CAPACITY:
            self._add_note(PodNote(CAPACITY, why, "warning"))

    def restart(self) -> None:
        """Drain, end the process, start again at once."""
        self.folder.update(restart_asked=True)
        self._requested.set()

    # ── lifecycle ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def run(self) -> None:
        """Run after run until it is to end."""
        with suppress(PodEnding):
            await self._wait_for_placement()
            while True:
                await self._next_run()
        self.status, self.reason = "Terminating", None
        self.emit(is_gone=True)

    async def _wait_for_placement(self) -> None:
        while not self.record.is_placed:
            await self._requested.wait()
            if self.record.is_terminating:
                raise PodEnding
            self._requested.clear()
            self.folder.update(restart_asked=False)  # a restart of what has not started yet is nothing

    async def _next_run(self) -> None:
        run = self.folder.run(self.record.run)
        if self.record.ended_run < run.number:
            self._close(run, await self._one_run(run))
        elif self.record.is_terminating:
            raise PodEnding  # an earlier scheduler may have reported its end: it does not come back for a moment
        else:
            self.status, self.reason = "Waiting", "BackOff"
            self.emit()
        await self._back_off()
        self.folder.update(run=run.number + 1, restart_asked=False)
        self.folder.prune()

    async def _one_run(self, run: RunFolder) -> RunEnd:
        """Start the run, or find it running or ended; how it ended."""
        try:
            process = await self._adopted(run) or await self._start(run)
        except PreparationFailed as failure:
            run.write_line(f"{failure.reason}: {failure.message}")
            return RunEnd(run.number, None, None, failure.reason, failure.message, failure.is_permanent)
        was_ready = self.record.ready_run == run.number and process.is_alive()
        watch = RunWatch(run, process, self.dependencies.options, self.dependencies.clock, was_ready=was_ready)
        self.watch = watch
        self.status, self.reason = ("Running", None) if was_ready else ("Waiting", "LoadingModel")
        self.emit()
        try:
            return await self._supervise(watch)
        finally:
            process.release()
            self._ready_for_s = watch.ready_for_s
            self._deaths = watch.report.worker_deaths if watch.report else 0
            self.watch = None

    async def _adopted(self, run: RunFolder) -> RunProcess | None:
        """What runs already."""
        try:
            run.make()
            return await self.dependencies.runner.adopt(self.record, run)
        finally:
            self.is_known = True

    async def _start(self, run: RunFolder) -> RunProcess:
        if self.record.is_terminating:
            raise PodEnding
        self.status, self.reason = "Waiting", "Preparing"
        self.emit()
        self.dependencies.runner.warm(self.record)  # while the model is on its way
        prepared = await self._unless_ending(prepare_run(self.folder, run, self.dependencies, self._add_note))
        secrets = await self._unless_ending(fetch_secrets(self.folder, run, self.dependencies, self._add_note))
        await self._unless_ending(self._gpus())
        await self._check_fence()
        process = await prepared.start(self.record, secrets)
        gpus = ", ".join(map(str, gpus_of(self.dependencies.options.gpus, self.record.gpus)))
        started = f"{process.description} has started{f' with {gpus}' if gpus else ''}"
        self._add_note(PodNote(LOADING_MODEL, f"{started}; {loading_words(process.health_path)}"))
        return process

    async def _gpus(self) -> None:
        """Wait for its devices: those of the pod whose place it took, which ends for it."""
        if not lacks_gpus(self.record):
            return
        asked = gpus_asked_for(self.record.deployment.resources)
        whose = f" of pod {self.record.took}, which it replaces" if self.record.took else ""
        self.waits_for_gpus = f"waits for {asked}{whose}"
        self._add_note(PodNote(CAPACITY, self.waits_for_gpus, "warning"))
        try:
            while lacks_gpus(self.record):
                await self.dependencies.clock.sleep(POLL_S)
        finally:
            self.waits_for_gpus = None

    def _add_note(self, note: PodNote) -> None:
        if note.is_event:
            self.status, self.reason = "Waiting", note.reason
        self.emit(note=note)

    async def _supervise(self, watch: RunWatch) -> RunEnd:
        """Watch the process until it has ended, by itself or on request."""
        while True:
            is_intended = self.record.restart_asked or self.record.is_terminating
            if (end := watch.run_end(is_intended=is_intended)) is not None:
                return end
            if self._requested.is_set():
                await self._stop_process(watch)
                await self.dependencies.clock.sleep(POLL_S)
                continue
            is_news = await watch.check()
            if self._look_at_reach(watch) or is_news:
                self._emit_health(watch)
            if (note := watch.take_unhealthy()) is not None:
                self._add_note(note)
            await self._pause(watch.pause_s)

    def _look_at_reach(self, watch: RunWatch) -> bool:
        """Whether it changed if routers reach it. A run that was ready once has been reached."""
        before, reach = self.unreached, self.dependencies.reach
        self.unreached = None
        if reach is not None and watch.health.is_ready and self.record.ready_run != watch.run.number:
            self.unreached = reach.refusal(self.record.deployment.resources.backend, watch.process.address)
        return self.unreached != before

    def _emit_health(self, watch: RunWatch) -> None:
        """Emit a change of readiness, or of the pod's report."""
        if self.unreached is not None:
            is_answered = self.unreached != REACH_ASKED
            self._add_note(PodNote(UNREACHABLE, self.unreached, "error" if is_answered else "info", is_answered))
            return
        self.status, self.reason = "Running", watch.health.reason
        if watch.health.is_ready and self.record.ready_run != watch.run.number:
            self.folder.update(ready_run=watch.run.number)
        self.emit()

    async def _stop_process(self, watch: RunWatch) -> None:
        """Out of the routes, drained, asked to end, made to end."""
        name = self.record.name
        was_serving = watch.ready_since is not None or not self.dependencies.routes.is_withdrawn(name)
        self.status, self.reason = "Terminating", "Draining" if was_serving else None
        self.emit()
        if was_serving:
            await self._wait_until_withdrawn()
        await self._check_fence()
        await watch.end(self.dependencies.options.grace_s)

    async def _wait_until_withdrawn(self) -> None:
        """Wait until routers have not been told of this pod for the drain time; a process that ends ends the wait."""
        options, clock = self.dependencies.options, self.dependencies.clock
        begun = clock.monotonic()
        gone_since: float | None = None
        while clock.monotonic() - begun < options.withdraw_limit_s and self.process and self.process.is_alive():
            if not self.dependencies.routes.is_withdrawn(self.record.name):
                gone_since = None
            elif gone_since is None:
                gone_since = clock.monotonic()
            elif clock.monotonic() - gone_since >= options.drain_s:
                return
            await clock.sleep(POLL_S)

    def _close(self, run: RunFolder, end: RunEnd) -> None:
        """Store how a run ended, then emit it."""
        failures = 0 if end.is_intended else failures_after(self.record.failures, self._ready_for_s)
        last_exit = "restarted on request" if end.is_intended else end.describe()
        self.status, self.reason = "Waiting", "Restarting" if end.is_intended else "BackOff"
        deaths, self._deaths = self.record.worker_deaths + self._deaths, 0
        self.folder.update(ended_run=run.number, failures=failures, last_exit=last_exit, worker_deaths=deaths)
        self.dependencies.runner.clear(run)
        self.emit(end=replace(end, log_tail=tail(run)))

    async def _back_off(self) -> None:
        failures = self.record.failures
        if failures and not self.record.restart_asked:
            await self._pause(restart_delay_s(failures))
        if self.record.is_terminating:
            raise PodEnding
        self._requested.clear()

    # ── waiting, emitting ─────────────────────────────────────────────────────────────────────────────────────────

    async def _pause(self, seconds: float) -> None:
        """Wait, but no longer than until something is asked of the pod."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._requested.wait()

    async def _unless_ending(self, work: Coroutine[Any, Any, Result]) -> Result:
        """The result of `work`; given up with `PodEnding` once the pod is to end."""
        task = asyncio.create_task(work)
        try:
            while not task.done():
                asked = asyncio.create_task(self._requested.wait())
                await asyncio.wait({task, asked}, return_when=asyncio.FIRST_COMPLETED)
                asked.cancel()
                if self.record.is_terminating:
                    raise PodEnding
                if self._requested.is_set():  # a restart of what has not started yet is nothing
                    self._requested.clear()
                    self.folder.update(restart_asked=False)
            return task.result()
        finally:
            task.cancel()
            await asyncio.wait({task})

    async def _check_fence(self) -> None:
        """Go on only while this scheduler leads; wait for a database that is away."""
        while True:
            try:
                return await self.dependencies.fence()
            except Temporary:
                await self.dependencies.clock.sleep(0.5)

    def emit(self, *, end: RunEnd | None = None, note: PodNote | None = None, is_gone: bool = False) -> None:
        """Emit the pod as it is now, and what has just happened to it."""
        record, watch = self.record, self.watch
        report = watch.report if watch else None
        started = watch.run.started_at() if watch else None
        self.dependencies.emit(
            PodObservation(
                pod=record.name,
                version_id=record.deployment.version_id,
                generation=record.deployment.generation,
                is_placed=record.is_placed,
                node=record.node_name,
                is_limited=bool(watch and watch.process.is_limited),
                status=self.status,
                ready=self.is_ready,
                run=record.run,
                restarts=record.run + record.worker_deaths + (report.worker_deaths if report else 0),
                reason=self.reason,
                address=watch.process.address if watch else None,
                pid=watch.process.pid if watch else None,
                image=watch.process.image if watch else None,
                started_at=datetime.fromtimestamp(started, UTC) if started else None,
                last_exit=(report and report.last_worker_death) or record.last_exit,
                end=end,
                note=note,
                is_gone=is_gone,
                is_surplus=record.is_surplus,
                report=report,
                created_at=datetime.fromtimestamp(record.created_at, UTC),
                backend=record.deployment.resources.backend,
                observed_at=self.dependencies.clock.now(),
            )
        )
