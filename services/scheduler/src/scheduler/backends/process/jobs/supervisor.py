"""Every job of this home: adopted from the disk, begun where there is room, looked at."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from uuid import UUID

from scheduler.backends.lifecycle.folders.pod_folder import PodFolder
from scheduler.backends.lifecycle.folders.run_folder import RunFolder
from scheduler.backends.lifecycle.folders.run_ledger import RunLedger
from scheduler.backends.process.jobs.job import JobDependencies, JobLifecycle
from scheduler.backends.process.jobs.job_folder import JobFolder, job_folders
from scheduler.backends.process.process_run import ProcessRun
from scheduler.domain.claims import ResourceClaim
from scheduler.domain.jobs import LOST
from scheduler.domain.values import RunObservation
from shared.contracts.jobs import JOB_VERSION, JobOrder, JobState
from shared.contracts.nodes import Node

log = logging.getLogger("penstock.scheduler.jobs")

RETRY_S = 5.0


class JobSupervisor:
    """Implements `scheduler.domain.jobs.JobBackend` on processes."""

    def __init__(self, root: Path, dependencies: JobDependencies) -> None:
        self.root = root
        self.ledger = RunLedger(root, self._find)
        self.changed: Callable[[], None] = lambda: None
        """Called when a job wants room, or gives some back."""
        self._dependencies = dependencies
        self._jobs: dict[UUID, JobLifecycle] = {}
        self._is_adopted = asyncio.Event()
        self._group: asyncio.TaskGroup | None = None

    def _find(self, run: RunFolder) -> ProcessRun | None:
        process = run.process()
        return None if process is None else ProcessRun(run, process, self._dependencies.options)

    async def run(self) -> None:
        """Adopt what is there, then work until cancelled. Jobs outlive it."""
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        async with asyncio.TaskGroup() as group:
            self._group = group
            for folder in await asyncio.to_thread(lambda: list(job_folders(self.root))):
                self._start(folder)
            self._is_adopted.set()
            self.changed()
            await asyncio.get_running_loop().create_future()

    @property
    def is_adopted(self) -> bool:
        """Whether every job that was here is known."""
        return self._is_adopted.is_set()

    def _start(self, folder: JobFolder) -> None:
        assert self._group is not None
        job = JobLifecycle(folder, self._dependencies)
        self._jobs[folder.order.id] = job
        self._group.create_task(self._run(job), name=f"job {folder.name}")

    async def _run(self, job: JobLifecycle) -> None:
        """One job to its end, and its folder for as long as its output may be read; an error of ours ends no other."""
        while True:
            try:
                await job.run()
                break
            except (OSError, ValueError, KeyError):
                log.exception("job %s: trying again in %s s", job.folder.name, RETRY_S)
                await self._dependencies.clock.sleep(RETRY_S)
        self.changed()
        await self._dependencies.clock.sleep(self._dependencies.options.kept_after_end_s)
        while await asyncio.to_thread(job.folder.pod.is_countable):
            await self._dependencies.clock.sleep(RETRY_S)
        self._jobs.pop(job.folder.order.id, None)
        await asyncio.to_thread(job.folder.pod.remove)

    # ── wanted ───────────────────────────────────────────────────────────────────────────────────────────────────

    async def apply_job(self, order: JobOrder, *, is_cancelled: bool, was_started: bool) -> JobState:
        """Begin it, or look how it does; see `JobBackend`."""
        await self._is_adopted.wait()
        job = self._jobs.get(order.id)
        if job is None and is_cancelled:
            return JobState(id=order.id, phase="cancelled", message="ended before it had begun")
        if job is None and was_started:
            return JobState(id=order.id, phase="failed", reason=LOST, message="its folder is gone")
        if job is None:
            await self._dependencies.fence()
            now = self._dependencies.clock.now().timestamp()
            self._start(await asyncio.to_thread(JobFolder.create, self.root, order, now))
            job = self._jobs[order.id]
            self.changed()
        if is_cancelled:
            job.cancel()
        return job.state()

    def job_names(self) -> Mapping[UUID, str]:
        """Jobs that are known, by whose name their output is found."""
        return {identity: job.folder.name for identity, job in self._jobs.items()}

    # ── room ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def claims(self) -> list[ResourceClaim]:
        """What jobs that are not over ask for."""
        return [_claim(job.folder) for job in self._jobs.values() if job.folder.end is None]

    def place(self, name: str, node: Node | None) -> bool:
        """There is room for this one, on a node or (None) in the shared pool; False where it is no job."""
        job = self._by_name(name)
        if job is not None:
            job.place(node)
        return job is not None

    def report_no_capacity(self, name: str, why: str) -> bool:
        """There is none; False where it is no job."""
        job = self._by_name(name)
        if job is not None:
            job.waits_for = why
        return job is not None

    def _by_name(self, name: str) -> JobLifecycle | None:
        return next((job for job in self._jobs.values() if job.folder.name == name), None)

    # ── seen ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def folders(self) -> list[PodFolder]:
        """Those of jobs that are not over."""
        return [job.folder.pod for job in self._jobs.values() if job.folder.end is None]

    def folder(self, name: str) -> PodFolder | None:
        """The folder of a job; None where there is none of this name."""
        job = self._by_name(name)
        return None if job is None else job.folder.pod

    def read_runs(self, now: float) -> list[RunObservation]:
        """Runs of jobs that are not settled; see `Backend.runs`."""
        return self.ledger.read_runs(now)

    def mark_settled(self, runs: Sequence[RunObservation]) -> None:
        """Their folders may go."""
        self.ledger.mark_settled([run for run in runs if run.deployment.version == JOB_VERSION])


def _claim(folder: JobFolder) -> ResourceClaim:
    record, order = folder.pod.record, folder.order
    return ResourceClaim(
        record.name,
        order.resources,
        record.created_at,
        is_placed=record.is_placed,
        node=record.node,
        version=order.id,
        service=order.service,
        name=JOB_VERSION,
        project=order.project,
        gpus=record.gpus,
    )
