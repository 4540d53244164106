"""A batch of jobs → the model → one outcome for each job.

One predict for all; where that raises, or gives another number of rows than were asked for, each half by itself, and so
on down to the jobs that are to blame: nobody's rows spoil another's. One bad job among n costs about 2·log2(n)
predicts. Where more is spoilt than that, each job that is left is predicted alone: a batch never costs more than
n + 2·log2(n) predicts, and a few. A shared answer that has not the structure of answers alone, or differs from one that
was asked for to compare, is given to nobody: each job is predicted alone.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from penstock_runtime.errors import model_error, unwritable
from penstock_runtime.inference.jobs import Job
from penstock_runtime.inference.model import Model
from penstock_runtime.messages import Outcome
from penstock_runtime.outputs.encoding import NotJson
from penstock_runtime.outputs.slicing import cut, split, structure_of
from penstock_runtime.outputs.structures import References
from penstock_runtime.payloads.mlflow_parsing import callers_fault
from penstock_runtime.pod_log import Prints
from penstock_runtime.sharing.comparison import Alone, compare, finding_of_one, raised_together, sampled
from penstock_runtime.sharing.plans import APART, Finding, How, Plan, Report, Result


class _Strange(Exception):
    """A shared answer that no answer alone looks like; `output` is what came."""

    def __init__(self, output: Any) -> None:
        super().__init__()
        self.output = output


class Predictor:
    """Calls the model; never raises."""

    def __init__(self, model: Model, prints: Prints) -> None:
        self.model = model
        self.prints = prints

    def execute(self, jobs: Sequence[Job], plan: Plan = APART) -> Report:
        """Predict a batch as planned; an outcome for each job, in order."""
        started = time.perf_counter()
        if plan.how is How.APART or len(jobs) < 2:
            outcomes = [self._alone(job) for job in jobs]
            return Report(outcomes, (time.perf_counter() - started) / max(1, len(jobs)))
        if plan.how is How.PROOF:
            return self._proof(jobs)
        return self._shared(jobs, plan)

    def _proof(self, jobs: Sequence[Job]) -> Report:
        started = time.perf_counter()
        alone = [self.ask(job) for job in jobs]
        between = time.perf_counter()
        finding = self.compared(jobs, alone)
        outcomes = [self._outcome(job, each) for job, each in zip(jobs, alone, strict=True)]
        return Report(outcomes, (between - started) / len(jobs), time.perf_counter() - between, finding)

    def _shared(self, jobs: Sequence[Job], plan: Plan) -> Report:
        started = time.perf_counter()
        if plan.references is None:
            return self._first(jobs, started)
        try:
            outcomes, parts = self._halved(jobs, plan.references, keeps_parts=plan.reasked > 0)
        except _Strange as strange:
            return self._apart(jobs, strange.output, started)
        seconds = time.perf_counter() - started
        if parts is None or not plan.reasked:
            return Report(outcomes, seconds)
        return self._reasked(jobs, plan, Report(outcomes, seconds), parts)

    def _first(self, jobs: Sequence[Job], started: float) -> Report:
        """No structure is known: the first job is predicted alone, and shows one to the others."""
        first = self.ask(jobs[0])
        references, finding = References(), finding_of_one(first)
        if (structure := first.structure) is None:
            outcomes = [self._outcome(jobs[0], first), *(self._alone(job) for job in jobs[1:])]
            return Report(outcomes, (time.perf_counter() - started) / len(jobs), 0.0, finding)
        references.add(structure, first.rows)
        others = self._shared(jobs[1:], Plan(How.SHARED, references)) if len(jobs) > 2 else self.execute(jobs[1:])
        return Report(
            [self._outcome(jobs[0], first), *others.outcomes], others.seconds, 0.0, finding.joined(others.finding)
        )

    def _halved(
        self, jobs: Sequence[Job], references: References, *, keeps_parts: bool
    ) -> tuple[list[Outcome], list[Any] | None]:
        """The outcomes; each caller's rows too, where one predict gave them all and they are kept to compare."""
        outcomes: list[Outcome] = []
        groups = [list(jobs)]
        patience = 2 * len(jobs).bit_length()  # shared predicts that may fail
        while groups:
            group = groups.pop()
            if len(group) == 1 or not patience:
                outcomes += [self._alone(job) for job in group]
            elif (together := self._together(group, references, keeps_parts=keeps_parts)) is not None:
                if len(group) == len(jobs):
                    return together
                outcomes += together[0]
            else:
                patience -= 1
                middle = len(group) // 2
                groups += [group[middle:], group[:middle]]
        return outcomes, None

    def _together(
        self, jobs: Sequence[Job], references: References, *, keeps_parts: bool
    ) -> tuple[list[Outcome], list[Any] | None] | None:
        try:
            cuts = _cuts(self.predict(jobs), jobs, references, keeps_parts=keeps_parts)
        except _Strange:
            raise
        except (Exception, SystemExit):  # noqa: BLE001 — a model raises what it likes; who is to blame shows when each is alone
            return None
        if cuts is None:
            return None
        raw, plain = cuts
        parts = (raw[i] if job.reading.dialect.is_raw else plain[i] for i, job in enumerate(jobs))
        return [self._encoded(job, part) for job, part in zip(jobs, parts, strict=True)], raw or None

    def _reasked(self, jobs: Sequence[Job], plan: Plan, report: Report, parts: list[Any]) -> Report:
        """Ask some of them alone as well; where one differs, all."""
        started = time.perf_counter()
        chosen = sampled(len(jobs), plan.reasked)
        alone = [self.ask(jobs[i]) for i in chosen]
        finding = compare(alone, [parts[i] for i in chosen])
        outcomes = list(report.outcomes)
        for i, each in zip(chosen, alone, strict=True):
            outcomes[i] = self._outcome(jobs[i], each)
        if finding.result is Result.DIFFERENT:
            outcomes = [outcomes[i] if i in chosen else self._alone(job) for i, job in enumerate(jobs)]
        return Report(outcomes, report.seconds, time.perf_counter() - started, finding)

    def _apart(self, jobs: Sequence[Job], output: Any, started: float) -> Report:
        """A shared answer is not to be used as it is: each alone, and what that says about it."""
        alone = [self.ask(job) for job in jobs]
        finding = compare(alone, self._parts(output, jobs))
        outcomes = [self._outcome(job, each) for job, each in zip(jobs, alone, strict=True)]
        return Report(outcomes, (time.perf_counter() - started) / (len(jobs) + 1), 0.0, finding)

    # ── comparing ────────────────────────────────────────────────────────────────────────────────────────────────

    def ask(self, job: Job) -> Alone:
        """A job's own predict, not yet written."""
        try:
            output = self.predict([job])
            return Alone(job.rows, output, structure_of(output, job.rows))
        except (Exception, SystemExit) as error:  # noqa: BLE001 — a model raises what it likes
            return Alone(job.rows, error=error)

    def compared(self, jobs: Sequence[Job], alone: Sequence[Alone]) -> Finding:
        """Predict those together that did not raise, and compare; `alone` are their own answers."""
        good = [job for job, each in zip(jobs, alone, strict=True) if each.error is None]
        answers = [each for each in alone if each.error is None]
        if len(good) < 2 or any(each.structure is None for each in answers):
            return finding_of_one(next((each for each in answers if each.structure is None), alone[0]))
        try:
            output = self.predict(good)
        except (Exception, SystemExit):  # noqa: BLE001 — a model raises what it likes
            return raised_together(answers)
        return compare(answers, self._parts(output, good))

    def _parts(self, output: Any, jobs: Sequence[Job]) -> list[Any] | None:
        counts = [job.rows for job in jobs]
        try:
            return cut(output, counts) if structure_of(output, sum(counts)) is not None else None
        except Exception:  # noqa: BLE001 — objects of a model's own may raise when they are looked at
            return None

    # ── one job ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _alone(self, job: Job) -> Outcome:
        try:
            output = self.predict([job])
        except (Exception, SystemExit) as error:  # noqa: BLE001 — a model raises what it likes
            return self._failed(job, error)
        return self._encoded(job, output)

    def _outcome(self, job: Job, alone: Alone) -> Outcome:
        return self._failed(job, alone.error) if alone.error is not None else self._encoded(job, alone.output)

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


def _cuts(
    output: Any, jobs: Sequence[Job], references: References, *, keeps_parts: bool
) -> tuple[list[Any], list[Any]] | None:
    """Each caller's rows as they came and in plain form, as far as they are wanted; None: not one row for each."""
    counts = [job.rows for job in jobs]
    structure = structure_of(output, sum(counts))
    if structure is None:
        return None
    if not references.has(structure, sum(counts)):
        raise _Strange(output)
    wanted = {job.reading.dialect.is_raw for job in jobs}
    raw = cut(output, counts) if keeps_parts or True in wanted else []
    return raw, split(output, counts) if False in wanted else []
