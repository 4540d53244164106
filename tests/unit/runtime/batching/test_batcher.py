"""Who shares a predict with whom, who is left out of it, and where it runs."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from penstock_runtime.batching.batcher import Batcher
from penstock_runtime.batching.batches import BatchLimits, JobBatch, take_batch
from penstock_runtime.batching.latency import ModelLatency
from penstock_runtime.errors import RequestRefused
from penstock_runtime.inference.jobs import PredictJob
from penstock_runtime.inference.requests import CheckedRequest
from penstock_runtime.messages import SCORING, EncodedResponse, RawRequest, ResponseEncoder
from penstock_runtime.sharing.plans import (
    SEPARATE,
    BatchPlan,
    BatchReport,
    ComparisonFinding,
    ComparisonResult,
    PredictMode,
)
from penstock_runtime.sharing.policy import SharingPolicy, SharingRule

ENCODER = ResponseEncoder(lambda output: b"", RequestRefused.body)
LIMITS = BatchLimits(rows=8, queue=8)


@dataclass
class Rows:
    rows: int
    key: Hashable | None = None

    def join(self, others: Sequence[Any]) -> Any:
        return [self, *others]


def job(
    name: str,
    rows: int = 1,
    key: Hashable | None = "k",
    deliver: Callable[[EncodedResponse], None] | None = None,
    size: int = 1,
) -> PredictJob:
    reading = CheckedRequest(Rows(rows), None, key, ENCODER)
    return PredictJob(name, reading, RawRequest(SCORING, "", b"x" * size), deliver or (lambda _: None), lambda: False)


def names(jobs: Sequence[PredictJob]) -> list[str]:
    return [each.request_id for each in jobs]


class OneWorker:
    """A pool of one worker, which keeps what it was sent until the test answers."""

    def __init__(self) -> None:
        self.is_usable = True
        self.has_begun = False
        self.is_idle = True
        self.sent: list[JobBatch] = []

    def start_workers(self) -> None:
        self.has_begun = True

    def idle_worker(self) -> OneWorker | None:
        idle, self.is_idle = self.is_idle, False
        return self if idle else None

    def return_worker(self, worker: object) -> None:
        self.is_idle = True

    def send(self, batch: JobBatch) -> None:
        self.sent.append(batch)


@dataclass
class Inline:
    """A model on the loop that answers with the job's name."""

    batches: list[list[str]] = field(default_factory=list)

    def execute(self, jobs: Sequence[PredictJob], plan: BatchPlan) -> BatchReport:
        self.batches.append(names(jobs))
        return BatchReport([EncodedResponse(200, each.request_id.encode()) for each in jobs], 0.001)


def sharing() -> SharingPolicy:
    return SharingPolicy(SharingRule.ALWAYS)


async def turns() -> None:
    """Let everything run that is due on the loop."""
    for _ in range(5):
        await asyncio.sleep(0)


def test_only_equal_keys_share_and_the_others_keep_their_order() -> None:
    waiting = deque([job("a"), job("b", key="other"), job("c"), job("d", key=None), job("e")])
    assert names(take_batch(waiting, BatchLimits(rows=10))) == ["a", "c", "e"]
    assert names(list(waiting)) == ["b", "d"]


def test_a_batch_has_no_more_rows_than_its_limit() -> None:
    waiting = deque([job("a", 2), job("b", 3), job("c", 1), job("d", 1)])
    assert names(take_batch(waiting, BatchLimits(rows=4))) == ["a", "c", "d"]
    assert names(list(waiting)) == ["b"]


def test_a_batch_has_no_more_bytes_than_its_limit() -> None:
    waiting = deque([job("a", size=50), job("b", size=60), job("c", size=50)])
    assert names(take_batch(waiting, BatchLimits(body_bytes=100))) == ["a", "c"]
    assert names(list(waiting)) == ["b"]


@pytest.mark.parametrize("large", [job("a", 9), job("a", size=101)])
def test_a_request_larger_than_the_limit_runs_alone(large: PredictJob) -> None:
    waiting = deque([large, job("b", 1)])
    assert names(take_batch(waiting, BatchLimits(rows=4, body_bytes=100))) == ["a"]


def test_jobs_without_a_key_run_alone() -> None:
    waiting = deque([job("a", key=None), job("b", key=None)])
    assert names(take_batch(waiting, BatchLimits(rows=4))) == ["a"]


def test_pace_follows_the_model() -> None:
    latency = ModelLatency()
    assert latency.is_slow
    latency.observe(0.002)
    assert not latency.is_slow
    for _ in range(3):
        latency.observe(0.1)
    assert latency.is_slow
    assert not latency.is_stalling
    for _ in range(3):
        latency.observe(0.002)
    assert not latency.is_slow


def test_one_long_batch_is_an_accident_one_that_stalls_is_not() -> None:
    latency = ModelLatency()
    for seconds in (0.002, 0.002, 0.002, 0.06):
        latency.observe(seconds)
    assert not latency.is_slow
    latency.observe(0.3)
    assert latency.is_slow
    for _ in range(5):
        latency.observe(0.002)
    assert not latency.is_slow


async def test_a_quick_model_predicts_on_the_loop_what_has_arrived_together() -> None:
    model, answered = Inline(), []
    batcher = Batcher(model.execute, LIMITS, OneWorker(), sharing(), ModelLatency(is_slow=False))
    for name in ("a", "b", "c"):
        batcher.submit(job(name, deliver=lambda outcome: answered.append(outcome.body.decode())))
    await turns()
    assert answered == ["a", "b", "c"]
    assert model.batches == [["a", "b", "c"]]


async def test_callers_that_come_back_one_by_one_share_the_next_predict() -> None:
    model = Inline()
    batcher = Batcher(model.execute, LIMITS, OneWorker(), sharing(), ModelLatency(is_slow=False))
    batcher._gathering.start(answered=3, waiting=0, seconds=3600, now=time.perf_counter())
    for name in ("a", "b"):
        batcher.submit(job(name))
        await turns()
    assert model.batches == []
    batcher.submit(job("c"))
    await turns()
    assert model.batches == [["a", "b", "c"]]


async def test_who_waits_for_callers_that_stay_away_is_answered_all_the_same() -> None:
    model, answered = Inline(), asyncio.Event()
    batcher = Batcher(model.execute, LIMITS, OneWorker(), sharing(), ModelLatency(is_slow=False))
    batcher._gathering.start(answered=3, waiting=0, seconds=0.02, now=time.perf_counter())
    batcher.submit(job("a", deliver=lambda _: answered.set()))
    await turns()
    await answered.wait()
    assert model.batches == [["a"]]


async def test_a_batch_that_is_full_waits_for_nobody() -> None:
    model = Inline()
    batcher = Batcher(model.execute, BatchLimits(rows=2, queue=8), OneWorker(), sharing(), ModelLatency(is_slow=False))
    batcher._gathering.start(answered=8, waiting=0, seconds=3600, now=time.perf_counter())
    for name in ("a", "b"):
        batcher.submit(job(name))
    await turns()
    assert model.batches == [["a", "b"]]


async def test_a_slow_model_predicts_in_a_worker_and_the_rest_waits_for_it() -> None:
    model, pool, answered = Inline(), OneWorker(), []
    batcher = Batcher(model.execute, LIMITS, pool, sharing(), ModelLatency())
    for name in ("a", "b"):
        batcher.submit(job(name, deliver=lambda outcome: answered.append(outcome.body.decode())))
    await turns()
    batcher.submit(job("c"))
    await turns()
    assert [names(sent.jobs) for sent in pool.sent] == [["a", "b"]]
    pool.is_idle = True
    batcher.batch_finished(pool.sent[0], BatchReport([EncodedResponse(200, b"1"), EncodedResponse(200, b"2")], 1.0))
    await turns()
    assert answered == ["1", "2"]
    assert [names(sent.jobs) for sent in pool.sent] == [["a", "b"], ["c"]]
    assert not model.batches


async def test_while_the_first_worker_starts_a_model_that_is_only_a_little_slow_goes_on_inline() -> None:
    model, pool = Inline(), OneWorker()
    pool.is_usable = False
    batcher = Batcher(model.execute, LIMITS, pool, sharing(), ModelLatency(is_slow=False))
    for _ in range(5):
        batcher.latency.observe(0.1)
    batcher.submit(job("a"))
    await turns()
    assert model.batches == [["a"]]
    assert pool.has_begun
    for _ in range(5):
        batcher.latency.observe(1.0)
    batcher.submit(job("b"))
    await turns()
    assert [names(sent.jobs) for sent in pool.sent] == [["b"]]


async def test_a_batch_that_ended_its_worker_is_tried_once_more_each_job_alone() -> None:
    model, pool = Inline(), OneWorker()
    outcomes: dict[str, EncodedResponse] = {}
    batcher = Batcher(model.execute, LIMITS, pool, sharing(), ModelLatency())
    for name in ("a", "b"):
        batcher.submit(job(name, deliver=lambda outcome, name=name: outcomes.update({name: outcome})))  # type: ignore[misc]
    await turns()
    batcher.latency.is_slow = False  # what ends workers never comes near the loop, however quick the model is
    pool.is_idle = True
    batcher.worker_lost(pool.sent[0].jobs, "exit code 3")
    await turns()
    pool.is_idle = True
    batcher.worker_lost(pool.sent[1].jobs, "exit code 3")
    await turns()
    pool.is_idle = True
    batcher.batch_finished(pool.sent[2], BatchReport([EncodedResponse(200, b"fine")], 0.001))
    assert [names(sent.jobs) for sent in pool.sent] == [["a", "b"], ["a"], ["b"]]
    assert (outcomes["a"].status, outcomes["b"].status) == (500, 200)
    assert b"MODEL_ERROR" in outcomes["a"].body
    assert b"ended, twice (exit code 3)" in outcomes["a"].body
    assert b"trace" not in outcomes["a"].body
    assert not model.batches


async def test_callers_that_have_gone_are_left_out() -> None:
    model = Inline()
    batcher = Batcher(model.execute, LIMITS, OneWorker(), sharing(), ModelLatency(is_slow=False))
    gone = job("gone")
    gone.is_gone = lambda: True
    batcher.submit(gone)
    batcher.submit(job("here"))
    await turns()
    assert model.batches == [["here"]]


async def test_an_answer_that_cannot_be_delivered_does_not_stop_the_next() -> None:
    problems: list[str] = []
    answered: list[EncodedResponse] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: problems.append(str(context["exception"])))

    def broken(_: EncodedResponse) -> None:
        raise RuntimeError("closed")

    batcher = Batcher(Inline().execute, LIMITS, OneWorker(), sharing(), ModelLatency(is_slow=False))
    batcher.submit(job("a", deliver=broken))
    batcher.submit(job("b", deliver=answered.append))
    await turns()
    assert problems == ["closed"]
    assert len(answered) == 1


async def test_a_full_queue_refuses_at_once() -> None:
    batcher = Batcher(Inline().execute, BatchLimits(rows=8, queue=2), OneWorker(), sharing(), ModelLatency())
    batcher.submit(job("a"))
    batcher.submit(job("b"))
    with pytest.raises(RequestRefused) as caught:
        batcher.submit(job("c"))
    assert caught.value.status == 503


async def test_a_model_whose_callers_do_not_share_waits_for_nobody() -> None:
    model = Inline()
    batcher = Batcher(model.execute, LIMITS, OneWorker(), SharingPolicy(SharingRule.NEVER), ModelLatency(is_slow=False))
    batcher._gathering.start(answered=3, waiting=0, seconds=3600, now=time.perf_counter())
    for name in ("a", "b"):
        batcher.submit(job(name))
    await turns()
    assert model.batches == [["a"], ["b"]]


async def test_answers_that_were_shared_when_a_difference_was_found_elsewhere_are_given_to_nobody() -> None:
    """Two workers predict; the first finds a difference, and the second's batch is predicted once more, apart."""
    pool, answered = OneWorker(), []
    shares = SharingPolicy(SharingRule.REQUESTS)
    shares.accept_proof(shares.proof_for("k"), "example")
    batcher = Batcher(Inline().execute, LIMITS, pool, shares, ModelLatency())
    for name in ("a", "b"):
        batcher.submit(job(name, deliver=lambda outcome: answered.append(outcome.body)))
    await turns()
    assert pool.sent[0].plan.mode is PredictMode.SHARED
    found = ComparisonFinding(ComparisonResult.DIFFERENT, "1 row had another answer")
    batcher.batch_finished(
        JobBatch([job("c"), job("d")], pool.sent[0].plan),
        BatchReport([EncodedResponse(200, b"c")] * 2, 0.1, 0.1, found),
    )
    pool.is_idle = True
    batcher.batch_finished(pool.sent[0], BatchReport([EncodedResponse(200, b"shared")] * 2, 0.1))
    await turns()
    assert answered == []
    assert [(names(sent.jobs), sent.plan) for sent in pool.sent[1:]] == [(["a"], SEPARATE)]
