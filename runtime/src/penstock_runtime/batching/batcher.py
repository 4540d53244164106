"""Natural batching: at once when the model is idle, everything that has arrived meanwhile when it was busy; then those
too who are about to come back (`gathering`). No fixed delay.

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

from penstock_runtime.batching.batches import Batch, Limits, take_batch
from penstock_runtime.batching.gathering import Gathering
from penstock_runtime.batching.latency import Pace
from penstock_runtime.errors import busy, worker_ended
from penstock_runtime.inference.jobs import Job
from penstock_runtime.messages import Outcome
from penstock_runtime.sharing.plans import How, Plan, Report
from penstock_runtime.sharing.policy import PROOF_JOBS, Sharing


class Worker(Protocol):
    """A process that takes one batch at a time."""

    def send(self, batch: Batch) -> None:
        """Predict these; the batcher hears of the outcome."""


class Pool(Protocol):
    """The worker processes of a pod."""

    is_usable: bool

    def begin(self) -> None:
        """Start the workers, where that was not done."""

    def take(self) -> Worker | None:
        """A worker that has nothing to do."""

    def give_back(self, worker: Worker) -> None:
        """A worker that was taken, and not used."""


@dataclass(eq=False)
class Batcher:
    """Jobs wait here for the model. One batch at a time on the loop, or one in each worker."""

    execute: Callable[[Sequence[Job], Plan], Report]
    limits: Limits
    pool: Pool
    sharing: Sharing
    pace: Pace = field(default_factory=Pace)

    def __post_init__(self) -> None:
        self._waiting: deque[Job] = deque()
        self._is_due = False
        self._gathering = Gathering()
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()

    def submit(self, job: Job) -> None:
        """Take a job; its answer is delivered from the event loop.

        Raises:
            Refused: 503, the queue is full.
        """
        if len(self._waiting) >= self.limits.queue:
            raise busy(f"The model is behind: {self.limits.queue} requests are waiting. Come again in a second.")
        self._waiting.append(job)
        self.wake()

    def wake(self) -> None:
        """A worker is idle, or a job has come."""
        # The next turn of the loop, not now: all sockets that are readable in this turn bring their rows first.
        if not self._is_due and self._waiting:
            self._is_due = True
            self._loop.call_soon(self._run)

    def finished(self, batch: Batch, report: Report) -> None:
        """A batch was predicted."""
        self.pace.saw(report.seconds)
        if self.pace.is_slow:
            self.pool.begin()
        self._learn(batch, report)
        if self._is_doubtful(batch, report):
            self._waiting.extendleft(reversed(batch.jobs))
        else:
            for job, outcome in zip(batch.jobs, report.outcomes, strict=True):
                self._deliver(job, outcome)
        self.wake()

    def _learn(self, batch: Batch, report: Report) -> None:
        if batch.jobs:
            self.sharing.learn(batch.jobs[0].key, batch.plan, len(batch.jobs), report)

    def _is_doubtful(self, batch: Batch, report: Report) -> bool:
        """Whether sharing was stopped while a worker predicted these together: they are predicted once more, apart."""
        was_shared = batch.plan.how is How.SHARED and len(batch.jobs) > 1 and not report.finding.is_answered_apart
        return was_shared and self.sharing.is_over

    def lost(self, jobs: Sequence[Job], how: str) -> None:
        """A worker ended over a batch: each job gets one more, by itself; what ends two workers is not tried again.

        `how` it ended, such as `killed by SIGKILL`.
        """
        again = []
        for job in jobs:
            job.deaths += 1
            if job.deaths == 1:
                again.append(job)
            else:
                refused = worker_ended(job.request_id, how)
                self._deliver(job, Outcome(refused.status, job.reading.dialect.refusal(refused, job.request_id)))
        self._waiting.extendleft(reversed(again))
        self.wake()

    def _deliver(self, job: Job, outcome: Outcome) -> None:
        try:
            job.deliver(outcome)
        except Exception as error:  # noqa: BLE001 — one caller's broken connection is not the others' affair
            self._loop.call_exception_handler({"message": "an answer could not be sent", "exception": error})

    def _run(self) -> None:
        self._is_due = False
        while self._waiting:
            if self._is_inline(self._waiting[0]):
                if self._is_gathering():
                    return
                self._run_inline()
                self.wake()
                return
            worker = self.pool.take()
            if worker is None:
                return
            if (batch := self._next()).jobs:
                worker.send(batch)
            else:
                self.pool.give_back(worker)

    def _is_inline(self, job: Job) -> bool:
        if job.deaths:
            return False
        return not self.pace.is_slow or not (self.pool.is_usable or self.pace.is_stalling)

    def _is_gathering(self) -> bool:
        """Whether the batch waits for more; the last of them, or the timer, wakes it."""
        if len(self._waiting) >= self.limits.rows or self.sharing.plan(self._waiting[0].key).how is How.APART:
            return False
        seconds = self._gathering.left(len(self._waiting), time.perf_counter())
        if seconds and self._timer is None:
            self._timer = self._loop.call_later(seconds, self._gathered)
        return seconds > 0

    def _gathered(self) -> None:
        self._timer = None
        self.wake()

    def _next(self) -> Batch:
        plan = self.sharing.plan(self._waiting[0].key)
        at_most = {How.APART: 1, How.PROOF: PROOF_JOBS}.get(plan.how)
        return Batch([job for job in take_batch(self._waiting, self.limits, at_most) if not job.is_gone()], plan)

    def _run_inline(self) -> None:
        if not (batch := self._next()).jobs:
            return
        # A model may call `asyncio.run`, which is refused in a thread whose loop is known to run.
        asyncio._set_running_loop(None)
        try:
            report = self.execute(batch.jobs, batch.plan)
        finally:
            asyncio._set_running_loop(self._loop)
        now = time.perf_counter()
        self._gathering.begin(len(batch.jobs), len(self._waiting), report.seconds, now)
        self.finished(batch, report)
