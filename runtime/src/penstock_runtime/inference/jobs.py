"""What waits for the model: the checked rows of one request, and where its response goes."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock_runtime.messages import EncodedResponse, RawRequest

if TYPE_CHECKING:
    from penstock_runtime.inference.requests import CheckedRequest


@dataclass(slots=True)
class PredictTiming:
    """When a job came and when the model had it, for a caller who asked: seconds of `time.perf_counter`."""

    submitted: float
    started: float | None = None

    def header(self, now: float) -> bytes:
        """`queue` and `predict` in milliseconds, in the form of `Server-Timing`, for a response that is ready."""
        started = now if self.started is None else self.started
        queued, predicting = (started - self.submitted) * 1000, (now - started) * 1000
        return b"X-Penstock-Timings: queue;dur=%.3f, predict;dur=%.3f\r\n" % (queued, predicting)


@dataclass(slots=True, eq=False)
class PredictJob:
    """One caller's checked rows, and where the answer goes."""

    request_id: str
    request: CheckedRequest
    raw: RawRequest
    deliver: Callable[[EncodedResponse], None]
    is_gone: Callable[[], bool]
    timing: PredictTiming | None = None
    """None: nobody asked."""
    worker_exits: int = 0
    """Workers that ended while they had this job."""

    @property
    def rows(self) -> int:
        """How many rows there are to predict."""
        return self.request.prepared.rows

    @property
    def key(self) -> Hashable | None:
        """Jobs with equal keys may share a predict; None, after a worker has ended with it, never shares."""
        return None if self.worker_exits else self.request.key


def job_without_caller(request_id: str, request: CheckedRequest, raw: RawRequest) -> PredictJob:
    """A job whose response is taken from the batch's report: the server's own try of a model, or a worker's."""
    return PredictJob(request_id, request, raw, _discard_response, _never_gone)


def _discard_response(_: EncodedResponse) -> None:
    return None


def _never_gone() -> bool:
    return False
