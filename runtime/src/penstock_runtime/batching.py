"""Natural batching: at once when the model is idle, everything that has arrived meanwhile when it was busy. No timer.

A predict costs about the same for 1 row and for 256, so this is worth two orders of magnitude under load and costs
nothing without. Only jobs with the same key share a predict. The model runs on the event loop while it takes
milliseconds (a thread beside the loop fights it for the GIL, measured at up to ten times slower), and in one thread
where it takes longer, so that health checks are answered.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from penstock_runtime.errors import busy

if TYPE_CHECKING:  # pandas stands behind it, and is imported while the socket answers already
    from penstock_runtime.inputs import Prepared

SLOW_SECONDS = 0.025
QUICK_SECONDS = 0.010
STALL_SECONDS = 0.250


@dataclass(frozen=True, slots=True)
class Outcome:
    """An answer's status and body."""

    status: int
    body: bytes


@dataclass(slots=True, eq=False)
class Job:
    """One caller's checked rows, and where the answer goes."""

    request_id: str
    prepared: Prepared
    params: dict[str, Any] | None
    key: Hashable | None
    deliver: Callable[[Outcome], None]
    is_gone: Callable[[], bool]


class Pace:
    """Whether the model is slow, from how long its last batches took; a model that nobody has seen predict is.

    The median, since on a loaded machine single batches of a quick model take long; but one batch that stalls the loop
    is enough, until it is out of sight.
    """

    def __init__(self) -> None:
        self.is_slow = True
        self._last: deque[float] = deque(maxlen=5)

    def saw(self, seconds: float) -> None:
        """One batch took so long."""
        self._last.append(seconds)
        middle = sorted(self._last)[len(self._last) // 2]
        if max(self._last) > STALL_SECONDS or middle > SLOW_SECONDS:
            self.is_slow = True
        elif middle < QUICK_SECONDS:
            self.is_slow = False


def take_batch(waiting: deque[Job], max_rows: int) -> list[Job]:
    """The first job, and those behind it that may share its predict, up to `max_rows`; the others keep their order."""
    first = waiting.popleft()
    batch, rows = [first], first.prepared.rows
    if first.key is None or rows >= max_rows:
        return batch
    others: list[Job] = []
    while waiting and rows < max_rows:
        job = waiting.popleft()
        if job.key == first.key and rows + job.prepared.rows <= max_rows:
            batch.append(job)
            rows += job.prepared.rows
        else:
            others.append(job)
    waiting.extendleft(reversed(others))
    return batch


class Batcher:
    """Jobs wait here for the model; one batch runs at a time."""

    def __init__(
        self, execute: Callable[[Sequence[Job]], list[Outcome]], executor: Executor, *, max_rows: int, max_queue: int
    ) -> None:
        self.execute = execute
        self.executor = executor
        self.max_rows = max_rows
        self.max_queue = max_queue
        self.pace = Pace()
        self.is_busy = False
        self._waiting: deque[Job] = deque()
        self._loop = asyncio.get_running_loop()

    def submit(self, job: Job) -> None:
        """Take a job; its answer is delivered from the event loop.

        Raises:
            Refused: 503, the queue is full.
        """
        if len(self._waiting) >= self.max_queue:
            raise busy(f"The model is behind: {self.max_queue} requests are waiting. Come again in a second.")
        self._waiting.append(job)
        self._wake()

    def _wake(self) -> None:
        # The next turn of the loop, not now: all sockets that are readable in this turn bring their rows first.
        if not self.is_busy and self._waiting:
            self.is_busy = True
            self._loop.call_soon(self._run)

    def _run(self) -> None:
        batch = [job for job in take_batch(self._waiting, self.max_rows) if not job.is_gone()]
        if not batch:
            self._done()
        elif self.pace.is_slow:
            future = self.executor.submit(self._timed, batch)
            future.add_done_callback(lambda done: self._loop.call_soon_threadsafe(self._finish, batch, done))
        else:
            self._deliver(batch, *self._inline(batch))

    def _inline(self, batch: Sequence[Job]) -> tuple[list[Outcome], float]:
        # A model may call `asyncio.run`, which is refused in a thread whose loop is known to run.
        asyncio._set_running_loop(None)
        try:
            return self._timed(batch)
        finally:
            asyncio._set_running_loop(self._loop)

    def _timed(self, batch: Sequence[Job]) -> tuple[list[Outcome], float]:
        started = time.perf_counter()
        return self.execute(batch), time.perf_counter() - started

    def _finish(self, batch: Sequence[Job], done: Future[tuple[list[Outcome], float]]) -> None:
        self._deliver(batch, *done.result())

    def _deliver(self, batch: Sequence[Job], outcomes: Sequence[Outcome], seconds: float) -> None:
        self.pace.saw(seconds)
        for job, outcome in zip(batch, outcomes, strict=True):
            try:
                job.deliver(outcome)
            except Exception as error:  # noqa: BLE001 — one caller's broken connection is not the others' affair
                self._loop.call_exception_handler({"message": "an answer could not be sent", "exception": error})
        self._done()

    def _done(self) -> None:
        self.is_busy = False
        self._wake()
