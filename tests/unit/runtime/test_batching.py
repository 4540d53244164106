"""Who shares a predict with whom, and who is left out of it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Hashable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from penstock_runtime.batching import Batcher, Job, Outcome, Pace, take_batch
from penstock_runtime.errors import Refused


@dataclass
class Rows:
    rows: int
    key: Hashable | None = None

    def join(self, others: Sequence[Any]) -> Any:
        return [self, *others]


def job(name: str, rows: int = 1, key: Hashable | None = "k", deliver: Callable[[Outcome], None] | None = None) -> Job:
    return Job(name, Rows(rows), None, key, deliver or (lambda _: None), lambda: False)


def names(jobs: Sequence[Job]) -> list[str]:
    return [each.request_id for each in jobs]


def test_only_equal_keys_share_and_the_others_keep_their_order() -> None:
    waiting = deque([job("a"), job("b", key="other"), job("c"), job("d", key=None), job("e")])
    assert names(take_batch(waiting, 10)) == ["a", "c", "e"]
    assert names(list(waiting)) == ["b", "d"]


def test_a_batch_has_no_more_rows_than_its_limit() -> None:
    waiting = deque([job("a", 2), job("b", 3), job("c", 1), job("d", 1)])
    assert names(take_batch(waiting, 4)) == ["a", "c", "d"]
    assert names(list(waiting)) == ["b"]


def test_a_request_larger_than_the_limit_runs_alone() -> None:
    waiting = deque([job("a", 9), job("b", 1)])
    assert names(take_batch(waiting, 4)) == ["a"]


def test_jobs_without_a_key_run_alone() -> None:
    waiting = deque([job("a", key=None), job("b", key=None)])
    assert names(take_batch(waiting, 4)) == ["a"]


def test_pace_follows_the_model() -> None:
    pace = Pace()
    assert pace.is_slow
    pace.saw(0.002)
    assert not pace.is_slow
    for _ in range(3):
        pace.saw(0.1)
    assert pace.is_slow
    for _ in range(3):
        pace.saw(0.002)
    assert not pace.is_slow


def test_one_long_batch_is_an_accident_one_that_stalls_is_not() -> None:
    pace = Pace()
    for seconds in (0.002, 0.002, 0.002, 0.06):
        pace.saw(seconds)
    assert not pace.is_slow
    pace.saw(0.3)
    assert pace.is_slow
    for _ in range(5):
        pace.saw(0.002)
    assert not pace.is_slow


@pytest.fixture
def executor() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


@pytest.mark.parametrize("is_slow", [False, True])
async def test_what_arrives_while_the_model_is_busy_is_one_batch(executor: ThreadPoolExecutor, is_slow: bool) -> None:
    batches: list[list[str]] = []
    answered: asyncio.Queue[str] = asyncio.Queue()

    def execute(jobs: Sequence[Job]) -> list[Outcome]:
        batches.append(names(jobs))
        return [Outcome(200, each.request_id.encode()) for each in jobs]

    batcher = Batcher(execute, executor, max_rows=8, max_queue=8)
    batcher.pace.is_slow = is_slow
    for name in ("a", "b", "c"):
        batcher.submit(job(name, deliver=lambda outcome: answered.put_nowait(outcome.body.decode())))
    assert [await answered.get() for _ in range(3)] == ["a", "b", "c"]
    assert batches == [["a", "b", "c"]]


async def test_callers_that_have_gone_are_left_out(executor: ThreadPoolExecutor) -> None:
    seen: list[str] = []
    done = asyncio.Event()

    def execute(jobs: Sequence[Job]) -> list[Outcome]:
        seen.extend(names(jobs))
        return [Outcome(200, b"")] * len(jobs)

    batcher = Batcher(execute, executor, max_rows=8, max_queue=8)
    gone = job("gone")
    gone.is_gone = lambda: True
    batcher.submit(gone)
    batcher.submit(job("here", deliver=lambda _: done.set()))
    await done.wait()
    assert seen == ["here"]


async def test_an_answer_that_cannot_be_delivered_does_not_stop_the_next(executor: ThreadPoolExecutor) -> None:
    done = asyncio.Event()
    problems: list[str] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: problems.append(str(context["exception"])))

    def broken(_: Outcome) -> None:
        raise RuntimeError("closed")

    batcher = Batcher(lambda jobs: [Outcome(200, b"")] * len(jobs), executor, max_rows=8, max_queue=8)
    batcher.submit(job("a", deliver=broken))
    batcher.submit(job("b", deliver=lambda _: done.set()))
    await done.wait()
    assert problems == ["closed"]


async def test_a_full_queue_refuses_at_once(executor: ThreadPoolExecutor) -> None:
    batcher = Batcher(lambda jobs: [Outcome(200, b"")] * len(jobs), executor, max_rows=8, max_queue=2)
    batcher.submit(job("a"))
    batcher.submit(job("b"))
    with pytest.raises(Refused) as caught:
        batcher.submit(job("c"))
    assert caught.value.status == 503
