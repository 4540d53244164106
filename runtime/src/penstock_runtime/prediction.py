"""A batch of jobs → the model → one outcome for each job.

One predict for all; where that raises, or gives another number of rows than were asked for, each half by itself, and so
on down to the jobs that are to blame: nobody's rows spoil another's. One bad job among n costs about 2·log2(n)
predicts. Where more is spoilt than that, each job that is left is predicted alone: a batch never costs more than
n + 2·log2(n) predicts, and a few.
"""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from penstock_runtime.batching import Job, Outcome
from penstock_runtime.delegated import callers_fault
from penstock_runtime.errors import model_error, unwritable
from penstock_runtime.model import Model
from penstock_runtime.outputs import NotJson, cut, split
from penstock_runtime.prints import Prints


class Predictor:
    """Calls the model; never raises."""

    def __init__(self, model: Model, prints: Prints) -> None:
        self.model = model
        self.prints = prints

    def execute(self, jobs: Sequence[Job]) -> list[Outcome]:
        """An outcome for each job, in order."""
        outcomes: list[Outcome] = []
        groups = [list(jobs)]
        patience = 2 * len(jobs).bit_length()  # shared predicts that may fail
        while groups:
            group = groups.pop()
            if len(group) == 1 or not patience:
                outcomes += [self._alone(job) for job in group]
            elif (together := self._together(group)) is not None:
                outcomes += together
            else:
                patience -= 1
                middle = len(group) // 2
                groups += [group[middle:], group[:middle]]
        return outcomes

    def _together(self, jobs: Sequence[Job]) -> list[Outcome] | None:
        try:
            output, counts = self.predict(jobs), [job.rows for job in jobs]
            plain = split(output, counts) if not all(job.reading.dialect.is_raw for job in jobs) else []
            raw = cut(output, counts) if any(job.reading.dialect.is_raw for job in jobs) else []
        except (Exception, SystemExit):  # noqa: BLE001 — a model raises what it likes; who is to blame shows when each is alone
            return None
        if plain is None or raw is None:
            return None
        parts = (raw[i] if job.reading.dialect.is_raw else plain[i] for i, job in enumerate(jobs))
        return [self._encoded(job, part) for job, part in zip(jobs, parts, strict=True)]

    def _alone(self, job: Job) -> Outcome:
        try:
            output = self.predict([job])
        except (Exception, SystemExit) as error:  # noqa: BLE001 — a model raises what it likes
            return self._failed(job, error)
        return self._encoded(job, output)

    def warm_up(self, job: Job) -> None:
        """Predict once, for the sake of the next predict; what is wrong with this one, the check has said already."""
        with suppress(Exception, SystemExit):
            self.predict([job])

    def predict(self, jobs: Sequence[Job]) -> Any:
        """One call of the model for the rows of all; raises what the model raises."""
        first, others = jobs[0].reading, [job.reading.prepared for job in jobs[1:]]
        with self.prints.tagged([job.request_id for job in jobs]):
            return self.model.predict(first.prepared.join(others), first.params)

    def _encoded(self, job: Job, output: Any) -> Outcome:
        try:
            return Outcome(200, job.reading.dialect.answer(output))
        except Exception as error:  # noqa: BLE001 — objects of a model's own may raise when they are looked at
            return self._failed(job, error)

    def _failed(self, job: Job, error: BaseException) -> Outcome:
        self.prints.say("".join(traceback.format_exception(error)), job.request_id)
        unwritten = unwritable(str(error)) if isinstance(error, NotJson) else None
        refused = unwritten or callers_fault(error) or model_error(job.request_id)
        body = job.reading.dialect.refusal(refused, job.request_id)
        return Outcome(refused.status, body, None if unwritten else one_line(error))


def one_line(error: BaseException) -> str:
    """An exception's type and words, as the last line of its trace has them."""
    return " ".join("".join(traceback.format_exception_only(error)).split())[:400]
