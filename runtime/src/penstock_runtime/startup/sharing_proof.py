"""Proof at load that callers may share a predict: requests of one row, alone and in many mixtures, have equal answers.

A pool of requests (`synthetic_requests`) is predicted one by one; what raises is left out. Then mixtures of the pool
are predicted together: in order, reversed, normal rows beside far greater or far smaller ones alone, pairs, with
repetitions. One difference ends it. Enough evidence (`sharing.evidence`) and `MIXTURES` predicts make the proof; time
is limited, and what was not finished is left to the first requests where those may be asked twice.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from penstock_runtime.errors import RequestRefused
from penstock_runtime.inference.jobs import PredictJob, job_without_caller
from penstock_runtime.inference.requests import CheckedRequest
from penstock_runtime.loading.loader import LoadedModel
from penstock_runtime.messages import SCORING, RawRequest
from penstock_runtime.sharing.comparison import SeparateAnswer
from penstock_runtime.sharing.plans import ComparisonFinding, ComparisonResult
from penstock_runtime.sharing.policy import Reason, SharingPolicy, SharingRule
from penstock_runtime.startup.synthetic_requests import SyntheticRows, example_rows, made_up_rows

LIMITS_S = {SharingRule.REQUESTS: 0.3, SharingRule.LOAD: 3.0}
"""CPU time that it may take; custom code has no second chance."""
WALL = {SharingRule.REQUESTS: 8.0, SharingRule.LOAD: 2.0}
"""How many times that by the clock: a loaded machine finds out no less than an idle one."""
LONGEST_GUESS_S = 0.25
"""Custom code without an example that takes longer for one row is not tried with more."""
MIXTURES = 6
"""Shared predicts at least."""
MAX_MIXTURES = 40
PROBE_ID = "probe"


@dataclass(frozen=True)
class ProbeRequest:
    """A request and its own answer."""

    job: PredictJob
    answer: SeparateAnswer


class ProofBudget:
    """How much time is left for this thread."""

    def __init__(self, rule: SharingRule, share: float = 1.0) -> None:
        limit_s = LIMITS_S[rule] * share
        self._cpu_end = time.thread_time() + limit_s
        self._end = time.perf_counter() + limit_s * WALL[rule]

    @property
    def is_spent(self) -> bool:
        """Whether it is all spent."""
        return time.thread_time() > self._cpu_end or time.perf_counter() > self._end


def prove_sharing(loaded: LoadedModel, sharing: SharingPolicy, *, has_example: bool) -> None:
    """Compare what there is to compare, and record it in `sharing`; never raises."""
    if sharing.rule not in LIMITS_S:
        return
    budget, half = ProofBudget(sharing.rule), ProofBudget(sharing.rule, 0.5)
    pools: dict[object, list[ProbeRequest]] = {}
    for rows in _sources(loaded, has_example=has_example):
        for probe in _probes(loaded, rows, half, is_careful=sharing.rule is SharingRule.LOAD and not has_example):
            pools.setdefault(probe.job.key, []).append(probe)
    for pool in pools.values():
        _prove_pool(loaded, sharing, pool, budget, "example" if has_example else "signature")


def _sources(loaded: LoadedModel, *, has_example: bool) -> list[SyntheticRows]:
    found = [example_rows(loaded.example.body) if has_example and loaded.example is not None else None]
    found.append(made_up_rows(loaded.model.schema))
    return [rows for rows in found if rows is not None]


def _probes(
    loaded: LoadedModel, rows: SyntheticRows, budget: ProofBudget, *, is_careful: bool
) -> Iterator[ProbeRequest]:
    """The requests that the model answers: each row, and two requests of several rows."""
    some = list(rows.rows)
    for part in [*([row] for row in some), some[:3], some[2:4]]:
        if budget.is_spent:
            return
        request = _read(loaded, rows, part)
        if request is None or request.key is None:
            continue
        job = job_without_caller(PROBE_ID, request, RawRequest(SCORING, "application/json", b""))
        started = time.perf_counter()
        answer = loaded.predictor.predict_alone(job)
        if answer.error is None:
            yield ProbeRequest(job, answer)
        if is_careful and time.perf_counter() - started > LONGEST_GUESS_S:
            return


def _read(loaded: LoadedModel, rows: SyntheticRows, part: Sequence[object]) -> CheckedRequest | None:
    try:
        return loaded.reader.check(rows.request(part), RawRequest(SCORING, "application/json", b""))
    except RequestRefused:
        return None
    except Exception:  # noqa: BLE001 — a checker that trips over what was made up says nothing about the model
        return None


def _prove_pool(
    loaded: LoadedModel, sharing: SharingPolicy, pool: list[ProbeRequest], budget: ProofBudget, reason: Reason
) -> None:
    key = pool[0].job.key
    if key is None or len(pool) < 2 or sharing.is_disabled:
        return
    proof = sharing.proof_for(key)
    for number, mixture in enumerate(_mixtures(pool)):
        finding = _compared(loaded, mixture)
        if finding.is_unsplittable and (sharing.rule is SharingRule.LOAD or _has_unsplittable(mixture)):
            sharing.stop_sharing_of(proof, finding.why)
            return
        sharing.record_finding(key, finding, reason)
        if finding.result is not ComparisonResult.EQUAL or budget.is_spent:
            return
        if number + 1 >= MIXTURES and proof.evidence.is_enough:
            sharing.accept_proof(proof, reason)
            return


def _has_unsplittable(mixture: Sequence[ProbeRequest]) -> bool:
    return any(each.answer.structure is None for each in mixture)


def _compared(loaded: LoadedModel, mixture: Sequence[ProbeRequest]) -> ComparisonFinding:
    return loaded.predictor.compare_shared([each.job for each in mixture], [each.answer for each in mixture])


def _mixtures(pool: list[ProbeRequest]) -> Iterator[list[ProbeRequest]]:
    """Different partners for each: the whole pool twice, parts of it, pairs, draws with repetition."""
    yield pool
    yield pool[::-1]
    for first in (0, 1):  # those of the usual size beside all the greater ones, and beside all the smaller ones
        yield pool[first::2]
        yield [*pool[first : first + 1], *pool[first + 2 :: 4]]
    chance = random.Random(0)  # noqa: S311 — no secret
    for number in range(MAX_MIXTURES):
        yield chance.choices(pool, k=2 if number % 4 == 0 else len(pool))
