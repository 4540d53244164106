"""One job, from its order to its end. Cancelling the task leaves its process running, as with a pod."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from scheduler.backends.errors import PreparationFailed
from scheduler.backends.gpus.allocation import gpu_variables
from scheduler.backends.gpus.driver import library_variables
from scheduler.backends.lifecycle.folders.output import tail
from scheduler.backends.lifecycle.folders.run_folder import PodProcess
from scheduler.backends.lifecycle.given_gpus import lacks_gpus
from scheduler.backends.lifecycle.run_watch import RunWatch
from scheduler.backends.preparation.variables import base_variables
from scheduler.backends.process.cgroups import remove_groups
from scheduler.backends.process.jobs.job_folder import JobFolder
from scheduler.backends.process.jobs.preparation import JobPreparation
from scheduler.backends.process.launch.secret_variables import secrets_descriptor
from scheduler.backends.process.launch.start import confinement_rules, group_files, has_gpus, start_under_shim
from scheduler.backends.process.options import PodOptions
from scheduler.backends.process.process_run import ProcessRun
from scheduler.domain.gpus import gpus_asked_for
from scheduler.domain.jobs import CANCELLED, PLATFORM_STOPPED, TIME_LIMIT, JobEnd, job_end
from scheduler.domain.restarts import retry_delay_s
from shared.clock import Clock
from shared.contracts.jobs import JobPhase, JobState
from shared.contracts.nodes import Node
from shared.errors import Temporary

POLL_S = 0.2
T = TypeVar("T")


@dataclass(frozen=True)
class JobDependencies:
    """What every job shares. `fence` raises once another scheduler leads."""

    preparation: JobPreparation
    options: PodOptions
    clock: Clock
    fence: Callable[[], Awaitable[None]]


class JobCancelled(Exception):
    """It is not wanted any more, and nothing of it runs."""


class JobLifecycle:
    """One job."""

    def __init__(self, folder: JobFolder, dependencies: JobDependencies) -> None:
        self.folder = folder
        self.dependencies = dependencies
        self.phase: JobPhase = "waiting"
        self.waits_for: str | None = None
        self._requested = asyncio.Event()
        self._is_cancelled = False

    def state(self) -> JobState:
        """How it does."""
        folder, order = self.folder, self.folder.order
        if folder.end is not None:
            return JobState(id=order.id, pod=folder.name, **folder.end.as_json())
        started = folder.run.started_at() if self.phase == "running" else None
        return JobState(
            id=order.id,
            phase=self.phase,
            reason="Capacity" if self.phase == "waiting" and self.waits_for else None,
            message=self.waits_for if self.phase == "waiting" else None,
            pod=folder.name,
            started_at=None if started is None else datetime.fromtimestamp(started, UTC),
        )

    def cancel(self) -> None:
        """End it; safe to repeat."""
        self._is_cancelled = True
        self._requested.set()

    def place(self, node: Node | None) -> None:
        """There is room, on a node of its group or (None) in the shared pool: begin."""
        on = {"node": node.id, "node_name": node.name} if node else {}
        self.folder.pod.update(is_placed=True, **on)
        self._requested.set()

    async def run(self) -> None:
        """From where it is to its end."""
        if self.folder.end is None:
            self.folder.finish(await self._end())

    async def _end(self) -> JobEnd:
        run = self.folder.run
        try:
            while not self.folder.pod.record.is_placed:
                await self._requested.wait()
                if self._is_cancelled:
                    return JobEnd("cancelled", CANCELLED, "ended before it had begun")
                self._requested.clear()
            await self._unless_cancelled(self._gpus())
            run.make()
            process = run.process() or await self._started()
        except JobCancelled:
            return JobEnd("cancelled", CANCELLED, "ended before it had begun")
        except PreparationFailed as failure:
            run.write_line(f"{failure.reason}: {failure.message}")
            return JobEnd("failed", failure.reason, failure.message[:1000], log_tail=tail(run))
        self.phase = "running"
        try:
            end = await self._supervised(process)
        finally:
            process.reap_shim()
        remove_groups(run.groups())
        return replace(
            end, log_tail=tail(run), started_at=_iso(run.started_at()), ended_at=_iso(run.ended_at() or self._now())
        )

    def _now(self) -> float:
        return self.dependencies.clock.now().timestamp()

    # ── start ────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _started(self) -> PodProcess:
        self.phase = "preparing"
        order, run, preparation = self.folder.order, self.folder.run, self.dependencies.preparation
        python = await self._unless_cancelled(preparation.python(order, run))
        work = (run.path / "work").resolve()
        await asyncio.to_thread(preparation.write_files, order, work)
        command = preparation.command(order, python, work)
        secrets = await self._unless_cancelled(self._secrets())
        await self._check_fence()
        record = self.folder.pod.record
        # The command is not shown to the rules: a path that it names is not opened to it for that.
        rules = confinement_rules(run, record, [str(python)], self.dependencies.options)
        if rules is not None:
            rules["read"] = [*rules["read"], *order.reads]
        if rules is not None and rules["user"] is not None:
            await asyncio.to_thread(_give_to, work, rules["user"])
        variables = base_variables(record.name, record.deployment, work, [str(python)])
        with secrets_descriptor(secrets) as further:
            run.write_order(
                {
                    "command": command,
                    "environment": {
                        **(library_variables() if record.gpus else {}),
                        **variables,
                        **preparation.variables(order, work),
                        **gpu_variables(record.gpus, has_gpus=has_gpus(self.dependencies.options)),
                    },
                    "folder": str(work),
                    "descriptors": further,
                    "secrets": further,
                    "output_cap": self.dependencies.options.output_cap,
                    "port": 0,
                    "groups": group_files(run, record, self.dependencies.options.control_groups),
                    "confinement": rules,
                }
            )
            return await start_under_shim(run, further)

    async def _gpus(self) -> None:
        """They are given with its place, where a node has as many as it says."""
        while lacks_gpus(self.folder.pod.record):
            self.waits_for = f"waits for {gpus_asked_for(self.folder.order.resources)}"
            await self.dependencies.clock.sleep(POLL_S)

    async def _secrets(self) -> dict[str, str]:
        """Asked for again until the controller is there."""
        attempt = 0
        while True:
            try:
                return await self.dependencies.preparation.secrets(self.folder.order)
            except Temporary as away:
                attempt += 1
                if attempt == 1:
                    self.folder.run.write_line(f"waiting for its secrets: {away.message}")
                await self.dependencies.clock.sleep(retry_delay_s(attempt))

    async def _unless_cancelled(self, work: Awaitable[T]) -> T:
        """The result of `work`, which is given up once the job is not wanted any more."""
        task = asyncio.ensure_future(work)
        try:
            while not task.done():
                if self._is_cancelled:
                    raise JobCancelled
                await asyncio.wait({task}, timeout=POLL_S)
            return task.result()
        finally:
            task.cancel()
            await asyncio.wait({task})

    async def _check_fence(self) -> None:
        while True:
            try:
                return await self.dependencies.fence()
            except Temporary:
                await self.dependencies.clock.sleep(POLL_S)

    # ── run ──────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _supervised(self, process: PodProcess) -> JobEnd:
        """Watch the process until it has ended, by itself, at its limit or on request."""
        options, clock, order = self.dependencies.options, self.dependencies.clock, self.folder.order
        watch = RunWatch(self.folder.run, ProcessRun(self.folder.run, process, options), options, clock)
        left_s = order.time_limit_s - self.folder.run.age_s(clock.monotonic())
        deadline = clock.monotonic() + left_s
        ended_for: str | None = PLATFORM_STOPPED if self.folder.pod.record.is_terminating else None
        while (end := watch.run_end(is_intended=False)) is None:
            if self._is_cancelled:
                ended_for = CANCELLED
            elif clock.monotonic() > deadline:
                ended_for = TIME_LIMIT
            if ended_for in (CANCELLED, TIME_LIMIT):
                await self._check_fence()
                await watch.end(options.grace_s)
            await self._pause()
        return job_end(end, ended_for=ended_for, limit_s=order.time_limit_s)

    async def _pause(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(POLL_S):
                await self._requested.wait()
        self._requested.clear()


def _give_to(folder: Path, user: int) -> None:
    """Make all that is in a folder a user's own."""
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            os.chown(os.path.join(parent, name), user, user, follow_symlinks=False)


def _iso(at: float | None) -> str | None:
    return None if at is None else datetime.fromtimestamp(at, UTC).isoformat()
