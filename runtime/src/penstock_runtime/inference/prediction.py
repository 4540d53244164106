"""A batch of jobs → the model → one response for each job.

One predict for all; where that raises, or gives another number of rows than were asked for, each half by itself, and so
on down to the jobs that are to blame: nobody's rows spoil another's. One bad job among n costs about 2·log2(n)
predicts. Where more is spoilt than that, each job that is left is predicted alone: a batch never costs more than
n + 2·log2(n) predicts, and a few. A shared answer that has not the structure of answers alone, or differs from one that
was asked for to compare, is discarded: each job is predicted alone.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from penstock_runtime.errors import model_error, unwritable
from penstock_runtime.inference.jobs import PredictJob
from penstock_runtime.inference.model import CheckedModel
from penstock_runtime.messages import EncodedResponse
from penstock_runtime.outputs.encoding import UnencodableOutput
from penstock_runtime.outputs.slicing import split_plain, split_typed, structure_of
from penstock_runtime.outputs.structures import StructureReferences
from penstock_runtime.payloads.mlflow_parsing import refusal_of_input_error
from penstock_runtime.pod_log import PodLog
from penstock_runtime.sharing.comparison import (
    SeparateAnswer,
    compare_answers,
    finding_of_shared_error,
    finding_of_single,
    sample_jobs,
)
from penstock_runtime.sharing.plans import (
    SEPARATE,
    BatchPlan,
    BatchReport,
    ComparisonFinding,
    ComparisonResult,
    PredictMode,
)


class _UnknownStructure(Exception):
    """A shared answer that no answer alone looks like; `output` is what came."""

    def __init__(self, output: Any) -> None:
        super().__init__()
        self.output = output


class Predictor:
    """Calls the model; never raises."""

    def __init__(self, model: CheckedModel, log: PodLog) -> None:
        self.model = model
        self.log = log

    def predict_batch(self, jobs: Sequence[PredictJob], plan: BatchPlan = SEPARATE) -> BatchReport:
        """Predict a batch as planned; a response for each job, in order."""
        started = time.perf_counter()
        if plan.mode is PredictMode.SEPARATE or len(jobs) < 2:
            responses = [self._respond_alone(job) for job in jobs]
            return BatchReport(responses, (time.perf_counter() - started) / max(1, len(jobs)))
        if plan.mode is PredictMode.PROOF:
            return self._predict_for_proof(jobs)
        return self._predict_shared(jobs, plan)

    def _predict_for_proof(self, jobs: Sequence[PredictJob]) -> BatchReport:
        started = time.perf_counter()
        alone = [self.predict_alone(job) for job in jobs]
        between = time.perf_counter()
        finding = self.compare_shared(jobs, alone)
        responses = [self._response(job, each) for job, each in zip(jobs, alone, strict=True)]
        return BatchReport(responses, (between - started) / len(jobs), time.perf_counter() - between, finding)

    def _predict_shared(self, jobs: Sequence[PredictJob], plan: BatchPlan) -> BatchReport:
        started = time.perf_counter()
        if plan.references is None:
            return self._predict_first_alone(jobs, started)
        try:
            responses, parts = self._predict_in_halves(jobs, plan.references, keeps_parts=plan.rechecks > 0)
        except _UnknownStructure as strange:
            return self._predict_separately(jobs, strange.output, started)
        seconds = time.perf_counter() - started
        if parts is None or not plan.rechecks:
            return BatchReport(responses, seconds)
        return self._recheck(jobs, plan, BatchReport(responses, seconds), parts)

    def _predict_first_alone(self, jobs: Sequence[PredictJob], started: float) -> BatchReport:
        """No structure is known: the first job is predicted alone, and shows one to the others."""
        first = self.predict_alone(jobs[0])
        references, finding = StructureReferences(), finding_of_single(first)
        if (structure := first.structure) is None:
            responses = [self._response(jobs[0], first), *(self._respond_alone(job) for job in jobs[1:])]
            return BatchReport(responses, (time.perf_counter() - started) / len(jobs), 0.0, finding)
        references.add(structure, first.rows)
        others = (
            self._predict_shared(jobs[1:], BatchPlan(PredictMode.SHARED, references))
            if len(jobs) > 2
            else self.predict_batch(jobs[1:])
        )
        return BatchReport(
            [self._response(jobs[0], first), *others.responses],
            others.seconds,
            0.0,
            finding.merged_with(others.finding),
        )

    def _predict_in_halves(
        self, jobs: Sequence[PredictJob], references: StructureReferences, *, keeps_parts: bool
    ) -> tuple[list[EncodedResponse], list[Any] | None]:
        """The responses; each caller's rows too, where one predict gave them all and they are kept to compare."""
        responses: list[EncodedResponse] = []
        groups = [list(jobs)]
        failures_left = 2 * len(jobs).bit_length()  # shared predicts that may fail
        while groups:
            group = groups.pop()
            if len(group) == 1 or not failures_left:
                responses += [self._respond_alone(job) for job in group]
            elif (together := self._predict_group(group, references, keeps_parts=keeps_parts)) is not None:
                if len(group) == len(jobs):
                    return together
                responses += together[0]
            else:
                failures_left -= 1
                middle = len(group) // 2
                groups += [group[middle:], group[:middle]]
        return responses, None

    def _predict_group(
        self, jobs: Sequence[PredictJob], references: StructureReferences, *, keeps_parts: bool
    ) -> tuple[list[EncodedResponse], list[Any] | None] | None:
        try:
            cuts = _split_result(self.predict(jobs), jobs, references, keeps_parts=keeps_parts)
        except _UnknownStructure:
            raise
        except (Exception, SystemExit):  # noqa: BLE001 — a model raises what it likes; who is to blame shows when each is alone
            return None
        if cuts is None:
            return None
        raw, plain = cuts
        parts = (raw[i] if job.request.encoder.takes_raw_output else plain[i] for i, job in enumerate(jobs))
        return [self._encoded(job, part) for job, part in zip(jobs, parts, strict=True)], raw or None

    def _recheck(
        self, jobs: Sequence[PredictJob], plan: BatchPlan, report: BatchReport, parts: list[Any]
    ) -> BatchReport:
        """Ask some of them alone as well; where one differs, all."""
        started = time.perf_counter()
        chosen = sample_jobs(len(jobs), plan.rechecks)
        alone = [self.predict_alone(jobs[i]) for i in chosen]
        finding = compare_answers(alone, [parts[i] for i in chosen])
        responses = list(report.responses)
        for i, each in zip(chosen, alone, strict=True):
            responses[i] = self._response(jobs[i], each)
        if finding.result is ComparisonResult.DIFFERENT:
            responses = [responses[i] if i in chosen else self._respond_alone(job) for i, job in enumerate(jobs)]
        return BatchReport(responses, report.seconds, time.perf_counter() - started, finding)

    def _predict_separately(self, jobs: Sequence[PredictJob], output: Any, started: float) -> BatchReport:
        """A shared answer is not to be used as it is: each alone, and what that says about it."""
        alone = [self.predict_alone(job) for job in jobs]
        finding = compare_answers(alone, self._parts(output, jobs))
        responses = [self._response(job, each) for job, each in zip(jobs, alone, strict=True)]
        return BatchReport(responses, (time.perf_counter() - started) / (len(jobs) + 1), 0.0, finding)

    # ── comparing ────────────────────────────────────────────────────────────────────────────────────────────────

    def predict_alone(self, job: PredictJob) -> SeparateAnswer:
        """A job's own predict, not yet written."""
        try:
            output = self.predict([job])
            return SeparateAnswer(job.rows, output, structure_of(output, job.rows))
        except (Exception, SystemExit) as error:  # noqa: BLE001 — a model raises what it likes
            return SeparateAnswer(job.rows, error=error)

    def compare_shared(self, jobs: Sequence[PredictJob], alone: Sequence[SeparateAnswer]) -> ComparisonFinding:
        """Predict those together that did not raise, and compare; `alone` are their own answers."""
        good = [job for job, each in zip(jobs, alone, strict=True) if each.error is None]
        answers = [each for each in alone if each.error is None]
        if len(good) < 2 or any(each.structure is None for each in answers):
            return finding_of_single(next((each for each in answers if each.structure is None), alone[0]))
        try:
            output = self.predict(good)
        except (Exception, SystemExit):  # noqa: BLE001 — a model raises what it likes
            return finding_of_shared_error(answers)
        return compare_answers(answers, self._parts(output, good))

    def _parts(self, output: Any, jobs: Sequence[PredictJob]) -> list[Any] | None:
        counts = [job.rows for job in jobs]
        try:
            return split_typed(output, counts) if structure_of(output, sum(counts)) is not None else None
        except Exception:  # noqa: BLE001 — objects of a model's own may raise when they are looked at
            return None

    # ── one job ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _respond_alone(self, job: PredictJob) -> EncodedResponse:
        try:
            output = self.predict([job])
        except (Exception, SystemExit) as error:  # noqa: BLE001 — a model raises what it likes
            return self._failed(job, error)
        return self._encoded(job, output)

    def _response(self, job: PredictJob, alone: SeparateAnswer) -> EncodedResponse:
        return self._failed(job, alone.error) if alone.error is not None else self._encoded(job, alone.output)

    def warm_up(self, job: PredictJob) -> None:
        """Predict once, for the sake of the next predict; what is wrong with this one, the check has said already."""
        with suppress(Exception, SystemExit):
            self.predict([job])

    def predict(self, jobs: Sequence[PredictJob]) -> Any:
        """One call of the model for the rows of all; raises what the model raises."""
        first, others = jobs[0].request, [job.request.prepared for job in jobs[1:]]
        with self.log.tagged([job.request_id for job in jobs]):
            return self.model.predict(first.prepared.join(others), first.params)

    def _encoded(self, job: PredictJob, output: Any) -> EncodedResponse:
        try:
            return EncodedResponse(200, job.request.encoder.encode(output))
        except Exception as error:  # noqa: BLE001 — objects of a model's own may raise when they are looked at
            return self._failed(job, error)

    def _failed(self, job: PredictJob, error: BaseException) -> EncodedResponse:
        self.log.write("".join(traceback.format_exception(error)), job.request_id)
        unwritten = unwritable(str(error)) if isinstance(error, UnencodableOutput) else None
        refused = unwritten or refusal_of_input_error(error) or model_error(job.request_id)
        body = job.request.encoder.encode_error(refused, job.request_id)
        return EncodedResponse(refused.status, body, None if unwritten else one_line(error))


def one_line(error: BaseException) -> str:
    """An exception's type and words, as the last line of its trace has them."""
    return " ".join("".join(traceback.format_exception_only(error)).split())[:400]


def _split_result(
    output: Any, jobs: Sequence[PredictJob], references: StructureReferences, *, keeps_parts: bool
) -> tuple[list[Any], list[Any]] | None:
    """Each caller's rows as they came and in plain form, as far as they are wanted; None: not one row for each."""
    counts = [job.rows for job in jobs]
    structure = structure_of(output, sum(counts))
    if structure is None:
        return None
    if not references.allows(structure, sum(counts)):
        raise _UnknownStructure(output)
    wanted = {job.request.encoder.takes_raw_output for job in jobs}
    raw = split_typed(output, counts) if keeps_parts or True in wanted else []
    return raw, split_plain(output, counts) if False in wanted else []
