"""A batch of jobs → the model → one outcome for each job.

One predict for all; where that raises, or gives another number of rows than were asked for, each job by itself, so that
nobody's rows spoil another's.
"""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from typing import Any

from penstock_runtime.batching import Job, Outcome
from penstock_runtime.delegated import callers_fault
from penstock_runtime.errors import model_error
from penstock_runtime.model import Model
from penstock_runtime.outputs import encode, split
from penstock_runtime.prints import Prints


class Predictor:
    """Calls the model; never raises."""

    def __init__(self, model: Model, prints: Prints) -> None:
        self.model = model
        self.prints = prints

    def execute(self, jobs: Sequence[Job]) -> list[Outcome]:
        """An outcome for each job, in order."""
        if len(jobs) > 1 and (outcomes := self._together(jobs)) is not None:
            return outcomes
        return [self._alone(job) for job in jobs]

    def _together(self, jobs: Sequence[Job]) -> list[Outcome] | None:
        try:
            parts = split(self._predict(jobs), [job.prepared.rows for job in jobs])
        except (Exception, SystemExit):  # noqa: BLE001 — a model raises what it likes; who is to blame shows when each is alone
            return None
        if parts is None:
            return None
        return [self._encoded(job, part) for job, part in zip(jobs, parts, strict=True)]

    def _alone(self, job: Job) -> Outcome:
        try:
            output = self._predict([job])
        except (Exception, SystemExit) as error:  # noqa: BLE001 — a model raises what it likes
            return self._failed(job, error)
        return self._encoded(job, output)

    def _predict(self, jobs: Sequence[Job]) -> Any:
        first, others = jobs[0], [job.prepared for job in jobs[1:]]
        with self.prints.tagged([job.request_id for job in jobs]):
            return self.model.predict(first.prepared.join(others), first.params)

    def _encoded(self, job: Job, output: Any) -> Outcome:
        try:
            return Outcome(200, encode(output, strict=self.model.is_strict))
        except Exception as error:  # noqa: BLE001 — objects of a model's own may raise when they are looked at
            return self._failed(job, error)

    def _failed(self, job: Job, error: BaseException) -> Outcome:
        self.prints.say("".join(traceback.format_exception(error)), job.request_id)
        refused = callers_fault(error) or model_error(job.request_id)
        return Outcome(refused.status, refused.body(job.request_id))
