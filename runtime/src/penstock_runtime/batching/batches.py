"""Which waiting jobs share the next predict."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from penstock_runtime.inference.jobs import PredictJob
from penstock_runtime.sharing.plans import SEPARATE, BatchPlan


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """How much one predict, and the queue before it, may hold."""

    rows: int = 256
    body_bytes: int = 8_388_608
    queue: int = 1024


@dataclass(frozen=True, slots=True)
class JobBatch:
    """Jobs that are predicted in one go, and how."""

    jobs: Sequence[PredictJob]
    plan: BatchPlan = SEPARATE


def take_batch(waiting: deque[PredictJob], limits: BatchLimits, at_most: int | None = None) -> list[PredictJob]:
    """The first job, and those behind it that may share its predict, within the limits; the others keep their order.

    `at_most` is how many jobs there may be.
    """
    first = waiting.popleft()
    batch, rows, size = [first], first.rows, len(first.raw.body)
    if first.key is None or at_most == 1:
        return batch
    others: list[PredictJob] = []
    while waiting and rows < limits.rows and size < limits.body_bytes and len(batch) != at_most:
        job = waiting.popleft()
        grown = rows + job.rows, size + len(job.raw.body)
        if job.key == first.key and grown[0] <= limits.rows and grown[1] <= limits.body_bytes:
            batch.append(job)
            rows, size = grown
        else:
            others.append(job)
    waiting.extendleft(reversed(others))
    return batch
