"""Natural batching: at once when the model is idle, everything that has arrived meanwhile when it was busy; then those
too who are about to come back (`gather_window`). No fixed delay.

A predict costs about the same for 1 row and for 256, so this is worth two orders of magnitude under load and costs
nothing without. Only jobs with the same key share a predict. The model runs on the event loop while it takes
milliseconds, and in a worker process where it takes longer, so that health checks are answered: never in a thread
beside the loop, which fights it for the GIL (measured at up to ten times slower).
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from penstock_runtime.batching.batches import BatchLimits, JobBatch, take_batch
from penstock_runtime.batching.gather_window import GatherWindow
from penstock_runtime.batching.latency import ModelLatency
from penstock_runtime.errors import unavailable, worker_ended
from penstock_runtime.inference.jobs import PredictJob
from penstock_runtime.messages import EncodedResponse
from penstock_runtime.sharing.plans import BatchPlan, BatchReport, PredictMode
from penstock_runtime.sharing.policy import PROOF_JOBS, SharingPolicy


class WorkerPort(Protocol):
    """A process that takes one batch at a time."""

    def send(self, batch: JobBatch) -> None:
        """Predict these; the result comes by `Batcher.batch_finished`."""


class WorkerPoolPort(Protocol):
    """The worker processes of a pod."""

    is_usable: bool

    def start_workers(self) -> None:
        """Start the workers, where that was not done."""

    def idle_worker(self) -> WorkerPort | None:
        """A worker that has nothing to do."""

    def return_worker(self, worker: WorkerPort) -> None:
        """A worker that was taken, and not used."""


@dataclass(eq=False)
class Batcher:
    """Jobs wait here for the model. One batch at a time on the loop, or one in each worker."""

    execute: Callable[[Sequence[PredictJob], BatchPlan], BatchReport]
    limits: BatchLimits
    pool: WorkerPoolPort
    sharing: SharingPolicy
    latency: ModelLatency = field(default_factory=ModelLatency)

    def __post_init__(self) -> None:
        self._waiting: deque[PredictJob] = deque()
        self._is_scheduled = False
        self._gathering = GatherWindow()
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()

    def submit(self, job: PredictJob) -> None:
        """Take a job; its answer is delivered from the event loop.

        Raises:
            RequestRefused: 503, the queue is full.
        """
        if len(self._waiting) >= self.limits.queue:
            raise unavailable(f"The model is behind: {self.limits.queue} requests are waiting. Come again in a second.")
        self._waiting.append(job)
        self.wake()

    def wake(self) -> None:
        """A worker is idle, or a job has come."""
        # The next turn of the loop, not now: all sockets that are readable in this turn bring their rows first.
        if not self._is_scheduled and self._waiting:
            self._is_scheduled = True
            self._loop.call_soon(self._dispatch)

    def batch_finished(self, batch: JobBatch, report: BatchReport) -> None:
        """A batch was predicted."""
        self.latency.observe(report.seconds)
        if self.latency.is_slow:
            self.pool.start_workers()
        self._record(batch, report)
        if self._must_repeat(batch, report):
            self._waiting.extendleft(reversed(batch.jobs))
        else:
            for job, response in zip(batch.jobs, report.responses, strict=True):
                self._deliver(job, response)
        self.wake()

    def _record(self, batch: JobBatch, report: BatchReport) -> None:
        if batch.jobs:
            self.sharing.record_batch(batch.jobs[0].key, batch.plan, len(batch.jobs), report)

    def _must_repeat(self, batch: JobBatch, report: BatchReport) -> bool:
        """Whether sharing was stopped while a worker predicted these together: they are predicted once more, apart."""
        was_shared = (
            batch.plan.mode is PredictMode.SHARED and len(batch.jobs) > 1 and not report.finding.is_answered_separately
        )
        return was_shared and self.sharing.is_disabled

    def worker_lost(self, jobs: Sequence[PredictJob], how: str) -> None:
        """A worker ended over a batch: each job gets one more, by itself; what ends two workers is not tried again.

        `how` it ended, such as `killed by SIGKILL`.
        """
        again = []
        for job in jobs:
            job.worker_exits += 1
            if job.worker_exits == 1:
                again.append(job)
            else:
                refused = worker_ended(job.request_id, how)
                self._deliver(
                    job, EncodedResponse(refused.status, job.request.encoder.encode_error(refused, job.request_id))
                )
        self._waiting.extendleft(reversed(again))
        self.wake()

    def _deliver(self, job: PredictJob, response: EncodedResponse) -> None:
        try:
            job.deliver(response)
        except Exception as error:  # noqa: BLE001 — one caller's broken connection is not the others' affair
            self._loop.call_exception_handler({"message": "an answer could not be sent", "exception": error})

    def _dispatch(self) -> None:
        self._is_scheduled = False
        while self._waiting:
            if self._is_inline(self._waiting[0]):
                if self._is_gathering():
                    return
                self._run_inline()
                self.wake()
                return
            worker = self.pool.idle_worker()
            if worker is None:
                return
            if (batch := self._next_batch()).jobs:
                worker.send(batch)
            else:
                self.pool.return_worker(worker)

    def _is_inline(self, job: PredictJob) -> bool:
        if job.worker_exits:
            return False
        return not self.latency.is_slow or not (self.pool.is_usable or self.latency.is_stalling)

    def _is_gathering(self) -> bool:
        """Whether the batch waits for more; the last of them, or the timer, wakes it."""
        if (
            len(self._waiting) >= self.limits.rows
            or self.sharing.plan_batch(self._waiting[0].key).mode is PredictMode.SEPARATE
        ):
            return False
        seconds = self._gathering.seconds_left(len(self._waiting), time.perf_counter())
        if seconds and self._timer is None:
            self._timer = self._loop.call_later(seconds, self._gather_timeout)
        return seconds > 0

    def _gather_timeout(self) -> None:
        self._timer = None
        self.wake()

    def _next_batch(self) -> JobBatch:
        plan = self.sharing.plan_batch(self._waiting[0].key)
        at_most = {PredictMode.SEPARATE: 1, PredictMode.PROOF: PROOF_JOBS}.get(plan.mode)
        jobs = [job for job in take_batch(self._waiting, self.limits, at_most) if not job.is_gone()]
        for job in jobs:
            if job.timing is not None:
                job.timing.started = time.perf_counter()
        return JobBatch(jobs, plan)

    def _run_inline(self) -> None:
        if not (batch := self._next_batch()).jobs:
            return
        # A model may call `asyncio.run`, which is refused in a thread whose loop is known to run.
        asyncio._set_running_loop(None)
        try:
            report = self.execute(batch.jobs, batch.plan)
        finally:
            asyncio._set_running_loop(self._loop)
        now = time.perf_counter()
        self._gathering.start(len(batch.jobs), len(self._waiting), report.seconds, now)
        self.batch_finished(batch, report)
